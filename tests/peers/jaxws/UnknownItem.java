/** The fault. */
@javax.xml.ws.WebFault(name = "Refusal", targetNamespace = "urn:test:stock")
public class UnknownItem extends Exception {
  private final Refusal info;

  public UnknownItem(String message, Refusal info) {
    super(message);
    this.info = info;
  }

  public Refusal getFaultInfo() {
    return info;
  }
}
