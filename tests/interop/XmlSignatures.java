import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
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
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * The JDK's own XML signatures, for the tests of interoperability.
 *
 * Lines of standard input, fields parted by tabs:
 *   sign IN OUT KEYSTORE PREFIX C14N TRANSFORMS DIGEST METHOD KEYVALUE
 *   verify IN CERTIFICATE
 * One line of output each: OK, INVALID or an exception.
 */
public final class XmlSignatures {
    private static final char[] PASSWORD = "interop".toCharArray();
    private static final String NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016";
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    private XmlSignatures() {
    }

    public static void main(String[] arguments) throws Exception {
        var input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
        try (BufferedReader lines = new BufferedReader(input)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(answer(line.split("\t", -1)));
            }
        }
    }

    private static String answer(String[] order) {
        try {
            if (order[0].equals("sign")) {
                sign(order);
                return "OK";
            }
            return verify(order) ? "OK" : "INVALID";
        } catch (Exception error) {
            return error.toString().replaceAll("\\s+", " ");
        }
    }

    private static Document parse(String path) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new File(path));
    }

    private static void sign(String[] order) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(order[3])) {
            store.load(file, PASSWORD);
        }
        String alias = store.aliases().nextElement();
        PrivateKey key = (PrivateKey) store.getKey(alias, PASSWORD);
        List<Certificate> chain = Arrays.asList(store.getCertificateChain(alias));
        List<Transform> transforms = new ArrayList<>();
        for (String uri : order[6].split(" ")) {
            transforms.add(FACTORY.newTransform(uri, (TransformParameterSpec) null));
        }
        DigestMethod digest = FACTORY.newDigestMethod(order[7], null);
        Reference reference = FACTORY.newReference("", digest, transforms, null, null);
        SignedInfo info = FACTORY.newSignedInfo(
            FACTORY.newCanonicalizationMethod(order[5], (C14NMethodParameterSpec) null),
            FACTORY.newSignatureMethod(order[8], null),
            List.of(reference));
        Document document = parse(order[1]);
        Node header = document.getElementsByTagNameNS(NS, "edXMLHeader").item(0);
        DOMSignContext context = new DOMSignContext(key, header);
        if (!order[4].isEmpty()) {
            context.setDefaultNamespacePrefix(order[4]);
        }
        FACTORY.newXMLSignature(info, keyInfo(chain, order[9].equals("yes"))).sign(context);
        Transformer writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        writer.transform(new DOMSource(document), new StreamResult(new File(order[2])));
    }

    private static KeyInfo keyInfo(List<Certificate> chain, boolean withValue) throws Exception {
        KeyInfoFactory factory = FACTORY.getKeyInfoFactory();
        var content = new ArrayList<javax.xml.crypto.XMLStructure>();
        if (withValue) {
            content.add(factory.newKeyValue(chain.get(0).getPublicKey()));
        }
        content.add(factory.newX509Data(chain));
        return factory.newKeyInfo(content);
    }

    private static boolean verify(String[] order) throws Exception {
        Document document = parse(order[1]);
        Certificate certificate;
        try (FileInputStream file = new FileInputStream(order[2])) {
            certificate = CertificateFactory.getInstance("X.509").generateCertificate(file);
        }
        NodeList found = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
        DOMValidateContext context =
            new DOMValidateContext(certificate.getPublicKey(), found.item(0));
        Element root = document.getDocumentElement();
        if (root.hasAttribute("Id")) {
            root.setIdAttribute("Id", true);
        }
        return FACTORY.unmarshalXMLSignature(context).validate(context);
    }
}
