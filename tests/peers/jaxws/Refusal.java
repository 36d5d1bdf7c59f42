/** The detail of the fault. */
public class Refusal {
  public String item;
  public int status;

  public Refusal() {}

  public Refusal(String item, int status) {
    this.item = item;
    this.status = status;
  }
}
