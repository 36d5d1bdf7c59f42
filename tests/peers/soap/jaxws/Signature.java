package exact;

import java.io.StringReader;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.Source;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMResult;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.components.crypto.Crypto;
import org.apache.ws.security.components.crypto.CryptoFactory;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.util.WSSecurityUtil;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

// WS-Security of WSS4J: X.509 signatures over the body and the wsa:To of a message.
class Signature {
    static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    static final String ADDRESSING = "http://www.w3.org/2005/08/addressing";
    final Crypto crypto;

    // keys is a PKCS12 file with the entry "signer", under the password "changeit".
    Signature(String keys) throws Exception {
        WSSConfig.init();
        Properties p = new Properties();
        p.put("org.apache.ws.security.crypto.provider", "org.apache.ws.security.components.crypto.Merlin");
        p.put("org.apache.ws.security.crypto.merlin.keystore.type", "PKCS12");
        p.put("org.apache.ws.security.crypto.merlin.keystore.password", "changeit");
        p.put("org.apache.ws.security.crypto.merlin.keystore.file", keys);
        crypto = CryptoFactory.getInstance(p);
    }

    Document sign(String element, String to, String text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document d = factory.newDocumentBuilder().parse(new InputSource(new StringReader(
            "<e:Envelope xmlns:e='" + SOAP + "'>\r\n <e:Header>\n  <a:To xmlns:a='" + ADDRESSING + "'/></e:Header>"
            + "<e:Body  ><x:" + element + " xmlns:x='urn:exact' b='2' a='1'/>\n</e:Body></e:Envelope>")));
        d.getElementsByTagNameNS(ADDRESSING, "To").item(0).setTextContent(to);
        d.getElementsByTagNameNS("urn:exact", element).item(0).setTextContent(text);
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(d);
        WSSecSignature signature = new WSSecSignature();
        signature.setUserInfo("signer", "changeit");
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setSignatureAlgorithm(WSConstants.RSA_SHA1);
        signature.setParts(Arrays.asList(new WSEncryptionPart("Body", SOAP, ""), new WSEncryptionPart("To", ADDRESSING, "")));
        return signature.build(d, crypto, header);
    }

    // verify returns the text of the body if a signature covers it and wsa:To.
    String verify(Source message) throws Exception {
        DOMResult copy = new DOMResult();
        TransformerFactory.newInstance().newTransformer().transform(message, copy);
        Document d = (Document) copy.getNode();
        List<WSSecurityEngineResult> results = new WSSecurityEngine().processSecurityHeader(d, null, null, crypto);
        WSSecurityEngineResult result = results == null ? null : WSSecurityUtil.fetchActionResult(results, WSConstants.SIGN);
        if (result == null) {
            throw new IllegalArgumentException("there is no signature");
        }
        StringBuilder covered = new StringBuilder();
        for (Object ref : (List<?>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS)) {
            covered.append(((WSDataRef) ref).getProtectedElement().getLocalName()).append(' ');
        }
        if (!covered.toString().equals("Body To ")) {
            throw new IllegalArgumentException("the signature covers " + covered);
        }
        return d.getElementsByTagNameNS(SOAP, "Body").item(0).getTextContent().trim();
    }
}
