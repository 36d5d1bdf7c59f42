import javax.jws.*;
import javax.xml.ws.*;

/** A service of JAX-WS: document/literal wrapped, with a typed fault and a schema of its own file. */
@WebService(name = "Stock", serviceName = "StockService", portName = "StockPort", targetNamespace = "urn:test:stock")
public class Stock {
  @WebMethod(action = "urn:test:stock/count")
  public int count(@WebParam(name = "item") String item) throws UnknownItem {
    if (!item.startsWith("A")) {
      throw new UnknownItem("no such item: " + item, new Refusal(item, 404));
    }
    return item.length();
  }

  @WebMethod(action = "urn:test:stock/clear")
  public int clear(@WebParam(name = "item") String item) {
    return -1;
  }

  public static void main(String[] args) throws Exception {
    java.net.ServerSocket free = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress());
    int port = free.getLocalPort();
    free.close();
    Endpoint.create(new Stock()).publish("http://127.0.0.1:" + port + "/app/stock");
    System.out.println("ACCEPT 127.0.0.1:" + port);
    Thread.sleep(Long.MAX_VALUE);
  }
}
