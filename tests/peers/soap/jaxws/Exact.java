package exact;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Iterator;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.xml.bind.JAXBContext;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlRootElement;
import javax.xml.namespace.QName;
import javax.xml.soap.AttachmentPart;
import javax.xml.soap.MessageFactory;
import javax.xml.soap.SOAPConnectionFactory;
import javax.xml.soap.SOAPMessage;
import javax.xml.transform.Source;
import javax.xml.transform.dom.DOMSource;
import javax.xml.ws.Dispatch;
import javax.xml.ws.Endpoint;
import javax.xml.ws.Provider;
import javax.xml.ws.Service;
import javax.xml.ws.ServiceMode;
import javax.xml.ws.WebServiceProvider;
import javax.xml.ws.soap.MTOM;
import javax.xml.ws.soap.MTOMFeature;
import javax.xml.ws.soap.SOAPBinding;

// Services whose messages no proxy may write anew, each with a client of its stack:
//   Exact serve KEYS         serves /mtom, /swa and /signed, which verifies and signs
//   Exact call KEYS BASE TO  calls each; TO is the wsa:To that the client signs
public class Exact {
    @XmlRootElement(name = "Blob", namespace = "urn:exact")
    public static class Blob {
        @XmlElement(namespace = "urn:exact") public byte[] data;
    }

    @MTOM(threshold = 0)
    @WebService(serviceName = "Mtom", targetNamespace = "urn:exact")
    @javax.jws.soap.SOAPBinding(parameterStyle = javax.jws.soap.SOAPBinding.ParameterStyle.BARE)
    public static class Mtom {
        @WebMethod(operationName = "Turn")
        @WebResult(name = "Blob", targetNamespace = "urn:exact")
        public Blob turn(@WebParam(name = "Blob", targetNamespace = "urn:exact") Blob in) {
            in.data = turned(in.data);
            return in;
        }
    }

    @WebServiceProvider
    @ServiceMode(Service.Mode.MESSAGE)
    public static class Attached implements Provider<SOAPMessage> {
        public SOAPMessage invoke(SOAPMessage in) {
            try {
                return attached("Turned", turned(attachment(in)));
            } catch (Exception e) {
                throw new IllegalArgumentException(e);
            }
        }
    }

    @WebServiceProvider
    @ServiceMode(Service.Mode.MESSAGE)
    public static class Signed implements Provider<Source> {
        static Signature signature;

        public Source invoke(Source in) {
            try {
                return new DOMSource(signature.sign("Answer", "urn:exact:answer", signature.verify(in)));
            } catch (Exception e) {
                throw new IllegalArgumentException(e);
            }
        }
    }

    static byte[] turned(byte[] data) {
        byte[] out = new byte[data.length];
        for (int i = 0; i < data.length; i++) {
            out[i] = data[data.length - 1 - i];
        }
        return out;
    }

    // allBytes is 0 to 255, four times.
    static byte[] allBytes() {
        byte[] out = new byte[1024];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) i;
        }
        return out;
    }

    static SOAPMessage attached(String element, byte[] data) throws Exception {
        SOAPMessage m = MessageFactory.newInstance().createMessage();
        m.getSOAPBody().addBodyElement(new QName("urn:exact", element));
        AttachmentPart part = m.createAttachmentPart();
        part.setRawContentBytes(data, 0, data.length, "application/octet-stream");
        part.setContentId("<data@exact.example>");
        m.addAttachmentPart(part);
        m.saveChanges();
        return m;
    }

    static byte[] attachment(SOAPMessage m) throws Exception {
        Iterator<?> parts = m.getAttachments();
        return parts.hasNext() ? ((AttachmentPart) parts.next()).getRawContentBytes() : new byte[0];
    }

    static <T> Dispatch<T> dispatch(Class<T> type, JAXBContext types, String url) {
        QName port = new QName("urn:exact", "Port");
        Service service = Service.create(new QName("urn:exact", "Service"));
        service.addPort(port, SOAPBinding.SOAP11HTTP_BINDING, url);
        @SuppressWarnings("unchecked")
        Dispatch<T> out = types == null ? service.createDispatch(port, type, Service.Mode.MESSAGE)
            : (Dispatch<T>) service.createDispatch(port, types, Service.Mode.PAYLOAD, new MTOMFeature(true, 0));
        return out;
    }

    static void report(String what, byte[] got) {
        System.out.println(what + " " + java.util.Arrays.equals(turned(got), allBytes()));
    }

    public static void main(String[] args) throws Exception {
        Signature signature = new Signature(args[1]);
        if (args[0].equals("serve")) {
            Signed.signature = signature;
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            Endpoint.create(new Mtom()).publish(server.createContext("/mtom"));
            Endpoint.create(SOAPBinding.SOAP11HTTP_BINDING, new Attached()).publish(server.createContext("/swa"));
            Endpoint.create(SOAPBinding.SOAP11HTTP_BINDING, new Signed()).publish(server.createContext("/signed"));
            server.start();
            System.out.println("LISTEN 127.0.0.1:" + server.getAddress().getPort());
            return;
        }
        Blob blob = new Blob();
        blob.data = allBytes();
        report("mtom", ((Blob) dispatch(Object.class, JAXBContext.newInstance(Blob.class), args[2] + "/mtom").invoke(blob)).data);
        SOAPMessage answer = SOAPConnectionFactory.newInstance().createConnection().call(attached("Turn", allBytes()), args[2] + "/swa");
        report("swa", attachment(answer));
        Source signed = dispatch(Source.class, null, args[2] + "/signed").invoke(new DOMSource(signature.sign("Ask", args[3], "é<&>")));
        System.out.println("signed " + signature.verify(signed));
    }
}
