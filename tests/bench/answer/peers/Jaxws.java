import java.io.ByteArrayInputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.*;
import javax.xml.bind.*;
import javax.xml.stream.*;

// What JAX-WS does with a document/literal answer: JAXB from a StAX reader at the body's element.
class Jaxws {
    public static void main(String[] args) throws Exception {
        byte[] data = Files.readAllBytes(Paths.get(args[0]));
        Unmarshaller u = JAXBContext.newInstance("gen").createUnmarshaller();
        var bean = ManagementFactory.getThreadMXBean();
        double best = 1e9;
        int rows = 0;
        for (int i = 0; i < Integer.parseInt(args[1]); i++) {
            long begin = bean.getCurrentThreadCpuTime();
            XMLStreamReader r = XMLInputFactory.newInstance().createXMLStreamReader(new ByteArrayInputStream(data));
            while (!(r.isStartElement() && r.getLocalName().equals("FindResponse"))) r.next();
            Object o = u.unmarshal(r);
            if (o instanceof JAXBElement) o = ((JAXBElement<?>) o).getValue();
            rows = ((java.util.List<?>) o.getClass().getMethod("getOrder").invoke(o)).size();
            best = Math.min(best, (bean.getCurrentThreadCpuTime() - begin) / 1e9);
        }
        System.out.println(best + " " + rows);
    }
}
