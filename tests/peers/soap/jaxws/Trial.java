package trial;

import java.math.BigDecimal;
import java.util.List;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.xml.bind.annotation.XmlAccessType;
import javax.xml.bind.annotation.XmlAccessorType;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlType;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.ws.Endpoint;
import javax.xml.ws.WebFault;
import javax.xml.ws.soap.MTOMFeature;

// A service of JAX-WS: its contract is its own, at ?wsdl. What put got it gives back.
@WebService(targetNamespace = "urn:trial", serviceName = "Trial")
public class Trial {
    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(name = "Record", namespace = "urn:trial", propOrder = {"text", "longValue", "amount", "flag", "time", "data", "nothing", "absent", "empty", "lines"})
    public static class Record {
        @XmlElement(required = true) public String text;
        @XmlElement(name = "long") public long longValue;
        @XmlElement(required = true) public BigDecimal amount;
        public boolean flag;
        @XmlElement(required = true) public XMLGregorianCalendar time;
        @XmlElement(required = true) public byte[] data;
        @XmlElement(required = true, nillable = true) public String nothing;
        public String absent;
        @XmlElement(required = true) public String empty;
        public List<String> lines;
    }

    @WebMethod
    @WebResult(name = "record")
    public Record put(@WebParam(name = "record") Record record) {
        return record;
    }

    public static class Missing {
        public String item;
        public long tried;
    }

    @WebFault(name = "NotFound", targetNamespace = "urn:trial")
    public static class NotFoundException extends Exception {
        private final Missing info;

        public NotFoundException(String message, Missing info) {
            super(message);
            this.info = info;
        }

        public Missing getFaultInfo() {
            return info;
        }
    }

    @WebMethod
    @WebResult(name = "found")
    public boolean find(@WebParam(name = "item") String item) throws NotFoundException {
        Missing info = new Missing();
        info.item = item;
        info.tried = 9007199254740993L;
        throw new NotFoundException("no item " + item, info);
    }

    public static void main(String[] args) throws Exception {
        com.sun.net.httpserver.HttpServer server = com.sun.net.httpserver.HttpServer.create(new java.net.InetSocketAddress("127.0.0.1", 0), 0);
        Endpoint endpoint = Endpoint.create(new Trial());
        endpoint.publish(server.createContext("/trial"));
        Endpoint.create(new Trial(), new MTOMFeature(true, 0)).publish(server.createContext("/mtom"));
        server.start();
        System.out.println("LISTEN 127.0.0.1:" + server.getAddress().getPort());
    }
}
