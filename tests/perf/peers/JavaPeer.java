import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import javax.xml.XMLConstants;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * The peer in Java: JDK XMLDSig and schema validation, RabbitMQ's client, confirms in a window.
 *
 * Called and answering as wire.py says.
 */
public final class JavaPeer {
    private static final String NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016";
    private static final String XMLNS = "http://www.w3.org/2000/xmlns/";
    private static final String EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private static final String RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    private final Map<String, String> task = new HashMap<>();
    private final DocumentBuilder builder;
    private final Transformer writer;
    private final Map<String, Schema> schemas = new HashMap<>();
    private final PrivateKey key;
    private final List<X509Certificate> chain;
    private final X509Certificate peer;
    private final Channel channel;
    private final int window;
    private final Semaphore room;
    private final TreeMap<Long, Runnable> open = new TreeMap<>();
    private volatile String refused;
    private List<String[]> rows = List.of();

    private JavaPeer(String[] arguments) throws Exception {
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            task.put(pair[0], pair[1]);
        }
        DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
        builders.setNamespaceAware(true);
        builder = builders.newDocumentBuilder();
        writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
        for (String kind : List.of("document", "status")) {
            Path path = Path.of(task.get("schemas"), "edxml-" + kind + ".xsd");
            schemas.put(kind, factory.newSchema(path.toFile()));
        }
        key = key(Path.of(task.get("key")));
        chain = certificates(Path.of(task.get("certificate")));
        peer = certificates(Path.of(task.get("peer_certificate"))).get(0);
        window = Integer.parseInt(task.get("window"));
        room = new Semaphore(window);
        ConnectionFactory connections = new ConnectionFactory();
        connections.setUri(task.get("url"));
        Connection connection = connections.newConnection();
        channel = connection.createChannel();
        channel.confirmSelect();
        channel.basicQos(window);
        channel.addConfirmListener(
            (tag, multiple) -> confirmed(tag, multiple),
            (tag, multiple) -> refused = "nack");
        channel.addReturnListener(message -> refused = message.getReplyText());
    }

    public static void main(String[] arguments) throws Exception {
        JavaPeer self = new JavaPeer(arguments);
        var input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
        BufferedReader lines = new BufferedReader(input);
        System.out.println("ready");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] order = line.split("\t");
            self.rows = rows(order.length > 1 ? order[1] : "");
            int count = Integer.parseInt(order[0]);
            long begun = System.nanoTime();
            if (self.task.get("role").equals("out")) {
                self.send(count);
            } else {
                self.receive(count);
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            System.out.println("{\"seconds\": " + seconds + "}");
        }
        System.exit(0);
    }

    private void send(int count) throws Exception {
        for (String[] row : rows.subList(0, count)) {
            Document document = document(row);
            publish(seal(document, "document"), "document", () -> { });
        }
        drain();
    }

    private void receive(int count) throws Exception {
        CountDownLatch done = new CountDownLatch(count);
        String tag = channel.basicConsume("edoc." + task.get("code") + ".inbox", false,
            new DefaultConsumer(channel) {
                @Override
                public void handleDelivery(
                        String consumer, Envelope envelope, AMQP.BasicProperties facts, byte[] body) {
                    try {
                        accept(body, () -> {
                            acknowledge(envelope.getDeliveryTag());
                            done.countDown();
                        });
                    } catch (Exception error) {
                        error.printStackTrace();
                        System.exit(1);
                    }
                }
            });
        done.await();
        check();
        channel.basicCancel(tag);
    }

    private void acknowledge(long tag) {
        try {
            channel.basicAck(tag, false);
        } catch (java.io.IOException error) {
            refused = error.toString();
        }
    }

    private void accept(byte[] body, Runnable after) throws Exception {
        Document document = builder.parse(new ByteArrayInputStream(body));
        Element signature =
            (Element) document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature").item(0);
        DOMValidateContext context = new DOMValidateContext(peer.getPublicKey(), signature);
        if (!FACTORY.unmarshalXMLSignature(context).validate(context)) {
            throw new IllegalStateException("signature");
        }
        schemas.get("document").newValidator().validate(new DOMSource(document));
        unpack(document);
        publish(seal(receipt(document), "status"), "status", after);
    }

    private void unpack(Document document) throws Exception {
        Path directory = Path.of(task.get("directory"), "inbox", UUID.randomUUID().toString());
        Files.createDirectories(directory);
        NodeList found = document.getElementsByTagNameNS(NS, "ContentTransferEncoded");
        for (int index = 0; index < found.getLength(); index++) {
            String text = found.item(index).getTextContent();
            byte[] data = Base64.getMimeDecoder().decode(text);
            try (var archive = new ZipInputStream(new ByteArrayInputStream(data))) {
                ZipEntry entry = archive.getNextEntry();
                Files.write(directory.resolve(entry.getName()), archive.readAllBytes());
            }
        }
    }

    private byte[] seal(Document document, String kind) throws Exception {
        schemas.get(kind).newValidator().validate(new DOMSource(document));
        Reference reference = FACTORY.newReference("", FACTORY.newDigestMethod(SHA256, null),
            List.of(
                FACTORY.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null),
                FACTORY.newTransform(EXCLUSIVE, (TransformParameterSpec) null)),
            null, null);
        SignedInfo info = FACTORY.newSignedInfo(
            FACTORY.newCanonicalizationMethod(
                CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
            FACTORY.newSignatureMethod(RSA, null),
            List.of(reference));
        KeyInfoFactory infos = FACTORY.getKeyInfoFactory();
        KeyInfo keyInfo = infos.newKeyInfo(List.of(infos.newX509Data(chain)));
        var header = document.getElementsByTagNameNS(NS, "edXMLHeader").item(0);
        DOMSignContext context = new DOMSignContext(key, header);
        context.setDefaultNamespacePrefix("ds");
        FACTORY.newXMLSignature(info, keyInfo).sign(context);
        ByteArrayOutputStream stream = new ByteArrayOutputStream(65536);
        writer.transform(new DOMSource(document), new StreamResult(stream));
        return stream.toByteArray();
    }

    private void publish(byte[] body, String kind, Runnable after) throws Exception {
        String code = task.get("code");
        String receiver = task.get("peer_code");
        AMQP.BasicProperties facts = new AMQP.BasicProperties.Builder()
            .contentType("application/edxml+xml")
            .deliveryMode(2)
            .messageId(UUID.randomUUID().toString())
            .type(kind)
            .userId(code)
            .headers(Map.of("edoc-sender", code, "edoc-receiver", receiver))
            .build();
        if (task.get("role").equals("out")) {
            room.acquire();
        }
        synchronized (open) {
            open.put(channel.getNextPublishSeqNo(), after);
            channel.basicPublish("edoc", receiver, true, facts, body);
        }
    }

    private void confirmed(long tag, boolean multiple) {
        List<Runnable> ended = new ArrayList<>();
        synchronized (open) {
            if (multiple) {
                var done = open.headMap(tag, true);
                ended.addAll(done.values());
                done.clear();
            } else {
                Runnable after = open.remove(tag);
                if (after != null) {
                    ended.add(after);
                }
            }
        }
        ended.forEach(Runnable::run);
        if (task.get("role").equals("out")) {
            room.release(ended.size());
        }
    }

    private void drain() throws Exception {
        room.acquire(window);
        room.release(window);
        check();
    }

    private void check() {
        if (refused != null) {
            throw new IllegalStateException(refused);
        }
    }

    private Document document(String[] row) throws Exception {
        byte[] data = Files.readAllBytes(Path.of(row[3]));
        String file = Path.of(row[3]).getFileName().toString();
        String content = UUID.randomUUID().toString();
        Document document = builder.newDocument();
        Element root = root(document);
        Element envelope = envelope(root);
        Element header = add(envelope, "edXMLHeader", null);
        Element message = add(header, "MessageHeader", null);
        organ(add(message, "From", null), task.get("code"), task.get("name"));
        organ(add(message, "To", null), task.get("peer_code"), task.get("peer_name"));
        Element code = add(message, "Code", null);
        add(code, "CodeNumber", row[0]);
        add(code, "CodeNotation", "VPCP-KSTT");
        Element promulgation = add(message, "PromulgationInfo", null);
        add(promulgation, "Place", "Hà Nội");
        add(promulgation, "PromulgationDate", row[1]);
        Element kind = add(message, "DocumentType", null);
        add(kind, "Type", "2");
        add(kind, "TypeName", "Công văn");
        add(message, "Subject", row[2]);
        add(add(message, "SignerInfo", null), "FullName", "Trần Văn Mẫu");
        add(message, "DocumentId", task.get("code") + "," + row[1] + "," + row[0] + "/VPCP-KSTT");
        Element trace = add(add(header, "TraceHeaderList", null), "TraceHeader", null);
        add(trace, "OrganId", task.get("code"));
        add(trace, "Timestamp", now());
        Element manifest = add(add(envelope, "edXMLBody", null), "edXMLManifest", null);
        manifest.setAttribute("version", "1.0");
        Element reference = add(manifest, "Reference", null);
        add(reference, "ContentId", "cid:" + content);
        add(reference, "ContentType", "application/pdf");
        add(reference, "Description", "Tệp " + file);
        add(reference, "AttachmentName", file);
        Element attachment = add(add(root, "AttachmentEncoded", null), "Attachment", null);
        add(attachment, "ContentId", "cid:" + content);
        add(attachment, "AttachmentName", file);
        add(attachment, "Description", "Tệp " + file);
        add(attachment, "ContentType", "application/zip");
        add(attachment, "ContentTransferEncoded", zipped(content + ".pdf", data));
        return document;
    }

    private Document receipt(Document answered) throws Exception {
        Document document = builder.newDocument();
        Element header = add(envelope(root(document)), "edXMLHeader", null);
        Element message = add(header, "MessageHeader", null);
        organ(add(message, "From", null), task.get("code"), task.get("name"));
        Element response = add(message, "ResponseFor", null);
        add(response, "OrganId", task.get("peer_code"));
        add(response, "Code", text(answered, "CodeNumber") + "/VPCP-KSTT");
        add(response, "PromulgationDate", text(answered, "PromulgationDate"));
        add(response, "DocumentId", text(answered, "DocumentId"));
        add(message, "StatusCode", "01");
        add(message, "Timestamp", now());
        return document;
    }

    private static Element root(Document document) {
        Element root = document.createElementNS(NS, "edXML");
        root.setAttributeNS(XMLNS, "xmlns", NS);
        document.appendChild(root);
        return root;
    }

    private static Element envelope(Element root) {
        return add(root, "edXMLEnvelope", null);
    }

    private static Element add(Element parent, String name, String text) {
        Element child = parent.getOwnerDocument().createElementNS(NS, name);
        if (text != null) {
            child.setTextContent(text);
        }
        parent.appendChild(child);
        return child;
    }

    private static void organ(Element parent, String code, String name) {
        add(parent, "OrganId", code);
        add(parent, "OrganName", name);
    }

    private static String text(Document document, String name) {
        return document.getElementsByTagNameNS(NS, name).item(0).getTextContent();
    }

    private static String now() {
        var pattern = DateTimeFormatter.ofPattern("yyyy/MM/dd HH:mm:ss");
        return ZonedDateTime.now(ZoneOffset.ofHours(7)).format(pattern);
    }

    private static String zipped(String name, byte[] data) throws Exception {
        ByteArrayOutputStream stream = new ByteArrayOutputStream(data.length + 512);
        CRC32 crc = new CRC32();
        crc.update(data);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(data.length);
        entry.setCrc(crc.getValue());
        try (ZipOutputStream archive = new ZipOutputStream(stream)) {
            archive.putNextEntry(entry);
            archive.write(data);
        }
        return Base64.getEncoder().encodeToString(stream.toByteArray());
    }

    private static PrivateKey key(Path path) throws Exception {
        String text = Files.readString(path).replaceAll("-----[A-Z ]+-----|\\s", "");
        byte[] data = Base64.getDecoder().decode(text);
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(data));
    }

    private static List<X509Certificate> certificates(Path path) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        try (var stream = Files.newInputStream(path)) {
            for (var one : CertificateFactory.getInstance("X.509").generateCertificates(stream)) {
                found.add((X509Certificate) one);
            }
        }
        return found;
    }

    private static List<String[]> rows(String path) throws Exception {
        if (path.isEmpty()) {
            return List.of();
        }
        List<String[]> rows = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(path))) {
            rows.add(line.split("\t"));
        }
        return rows;
    }
}
