// The peer in Node: xml-crypto and amqplib, confirms in a window. Called and answering as wire.py
// says. There is no schema validation, which Node has not: that is in its favour.
import { createInterface } from 'node:readline';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import zlib from 'node:zlib';
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import amqp from 'amqplib';

const NS = 'http://www.mic.gov.vn/TBT/QCVN_102_2016';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const RSA = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

const task = Object.fromEntries(
  process.argv.slice(2).map((argument) => {
    const at = argument.indexOf('=');
    return [argument.slice(0, at), argument.slice(at + 1)];
  }),
);
const window = Number(task.window);
const key = readFileSync(task.key, 'utf8');
const chain = readFileSync(task.certificate, 'utf8');
const peer = readFileSync(task.peer_certificate, 'utf8').split('-----END')[0]
  + '-----END CERTIFICATE-----\n';

const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const tag = (name, text) => `<${name}>${escaped(text)}</${name}>`;
const organ = (name, code, title) =>
  `<${name}>${tag('OrganId', code)}${tag('OrganName', title)}</${name}>`;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

// Node 18, Debian's, has no crc32 of its own.
const crc32 = zlib.crc32 ?? ((data) => {
  let value = 0xffffffff;
  for (const byte of data) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
});

function now() {
  const moment = new Date(Date.now() + 7 * 3600 * 1000).toISOString();
  return `${moment.slice(0, 10).replaceAll('-', '/')} ${moment.slice(11, 19)}`;
}

// One stored entry, as the other peers write it.
function zipped(name, data) {
  const title = Buffer.from(name);
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE(0x21, 8);
  facts.writeUInt32LE(crc32(data), 10);
  facts.writeUInt32LE(data.length, 14);
  facts.writeUInt32LE(data.length, 18);
  facts.writeUInt16LE(title.length, 22);
  const central = Buffer.alloc(14);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + title.length, 12);
  end.writeUInt32LE(30 + title.length + data.length, 16);
  return Buffer.concat([
    Buffer.from('PK\x03\x04', 'latin1'), facts, title, data,
    Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, central, title, end,
  ]).toString('base64');
}

function document([number, date, subject, path]) {
  const file = basename(path);
  const content = randomUUID();
  const message = organ('From', task.code, task.name) + organ('To', task.peer_code, task.peer_name)
    + `<Code>${tag('CodeNumber', number)}${tag('CodeNotation', 'VPCP-KSTT')}</Code>`
    + `<PromulgationInfo>${tag('Place', 'Hà Nội')}${tag('PromulgationDate', date)}</PromulgationInfo>`
    + `<DocumentType>${tag('Type', '2')}${tag('TypeName', 'Công văn')}</DocumentType>`
    + tag('Subject', subject)
    + `<SignerInfo>${tag('FullName', 'Trần Văn Mẫu')}</SignerInfo>`
    + tag('DocumentId', `${task.code},${date},${number}/VPCP-KSTT`);
  const trace = tag('OrganId', task.code) + tag('Timestamp', now());
  const reference = tag('ContentId', `cid:${content}`) + tag('ContentType', 'application/pdf')
    + tag('Description', `Tệp ${file}`) + tag('AttachmentName', file);
  const attachment = tag('ContentId', `cid:${content}`) + tag('AttachmentName', file)
    + tag('Description', `Tệp ${file}`) + tag('ContentType', 'application/zip')
    + `<ContentTransferEncoded>${zipped(`${content}.pdf`, readFileSync(path))}</ContentTransferEncoded>`;
  return `<edXML xmlns="${NS}"><edXMLEnvelope><edXMLHeader><MessageHeader>${message}</MessageHeader>`
    + `<TraceHeaderList><TraceHeader>${trace}</TraceHeader></TraceHeaderList></edXMLHeader>`
    + `<edXMLBody><edXMLManifest version="1.0"><Reference>${reference}</Reference></edXMLManifest>`
    + `</edXMLBody></edXMLEnvelope><AttachmentEncoded><Attachment>${attachment}</Attachment>`
    + '</AttachmentEncoded></edXML>';
}

function receipt(answered) {
  const text = (name) => answered.getElementsByTagNameNS(NS, name).item(0).textContent;
  const response = tag('OrganId', task.peer_code) + tag('Code', `${text('CodeNumber')}/VPCP-KSTT`)
    + tag('PromulgationDate', text('PromulgationDate')) + tag('DocumentId', text('DocumentId'));
  return `<edXML xmlns="${NS}"><edXMLEnvelope><edXMLHeader><MessageHeader>`
    + organ('From', task.code, task.name) + `<ResponseFor>${response}</ResponseFor>`
    + tag('StatusCode', '01') + tag('Timestamp', now())
    + '</MessageHeader></edXMLHeader></edXMLEnvelope></edXML>';
}

function seal(xml) {
  const signed = new SignedXml({
    privateKey: key,
    publicCert: chain,
    signatureAlgorithm: RSA,
    canonicalizationAlgorithm: EXCLUSIVE,
  });
  signed.addReference({
    xpath: '/*',
    isEmptyUri: true,
    digestAlgorithm: SHA256,
    transforms: [`${DS}enveloped-signature`, EXCLUSIVE],
  });
  signed.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: "//*[local-name(.)='edXMLHeader']", action: 'append' },
  });
  return Buffer.from(signed.getSignedXml());
}

function verified(body) {
  const xml = body.toString();
  const tree = new DOMParser().parseFromString(xml);
  const check = new SignedXml({ publicCert: peer, getCertFromKeyInfo: () => null });
  check.loadSignature(tree.getElementsByTagNameNS(DS, 'Signature').item(0));
  if (!check.checkSignature(xml)) throw new Error('signature');
  return tree;
}

function unpack(tree) {
  const directory = join(task.directory, 'inbox', randomUUID());
  mkdirSync(directory, { recursive: true });
  const found = tree.getElementsByTagNameNS(NS, 'ContentTransferEncoded');
  for (let index = 0; index < found.length; index += 1) {
    const data = Buffer.from(found.item(index).textContent, 'base64');
    const title = data.readUInt16LE(26);
    const start = 30 + title + data.readUInt16LE(28);
    const name = basename(data.toString('utf8', 30, 30 + title));
    writeFileSync(join(directory, name), data.subarray(start, start + data.readUInt32LE(22)));
  }
}

const connection = await amqp.connect(task.url);
const channel = await connection.createConfirmChannel();
await channel.prefetch(window);
channel.on('return', (message) => { throw new Error(message.fields.replyText); });

function publish(body, type) {
  return new Promise((resolve, reject) => {
    channel.publish('edoc', task.peer_code, body, {
      contentType: 'application/edxml+xml',
      persistent: true,
      mandatory: true,
      messageId: randomUUID(),
      type,
      userId: task.code,
      headers: { 'edoc-sender': task.code, 'edoc-receiver': task.peer_code },
    }, (error) => (error ? reject(error) : resolve()));
  });
}

async function send(rows) {
  const open = new Set();
  for (const row of rows) {
    if (open.size >= window) await Promise.race(open);
    const sent = publish(seal(document(row)), 'document').then(() => open.delete(sent));
    open.add(sent);
    await new Promise(setImmediate); // the socket's turn
  }
  await Promise.all(open);
}

async function receive(count) {
  let taken = 0;
  const open = [];
  let ended;
  const all = new Promise((resolve, reject) => { ended = { resolve, reject }; });
  const { consumerTag } = await channel.consume(`edoc.${task.code}.inbox`, (message) => {
    try {
      const tree = verified(message.content);
      unpack(tree);
      open.push(publish(seal(receipt(tree)), 'status').then(() => channel.ack(message)));
      taken += 1;
      if (taken === count) ended.resolve();
    } catch (error) {
      ended.reject(error);
    }
  });
  await all;
  await Promise.all(open);
  await channel.cancel(consumerTag);
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [count, file] = line.split('\t');
  const text = file ? readFileSync(file, 'utf8').trim() : '';
  const rows = text ? text.split('\n').map((row) => row.split('\t')) : [];
  const begun = process.hrtime.bigint();
  if (task.role === 'out') await send(rows.slice(0, Number(count)));
  else await receive(Number(count));
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  console.log(JSON.stringify({ seconds }));
}
process.exit(0);
