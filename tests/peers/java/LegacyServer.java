import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * An HTTPS server on JSSE as an application server of twenty years ago would be: old TLS
 * versions, old suites, old certificates. It binds 127.0.0.1 and prints "ACCEPT host:port".
 *
 *   java LegacyServer.java PROTOCOLS SUITES KEYSTORE PASSWORD MODE
 *
 * PROTOCOLS and SUITES are separated by commas. MODE is one of
 *   http11          keep-alive with Content-Length; chunked requests are read
 *   http10          HTTP/1.0: no Content-Length, the end of the answer is the end of the connection
 *   refuse-chunked  http11, but a chunked request gets 411
 */
class LegacyServer {
    static final int IDLE_MS = 60_000;
    static final int MAX_LINE = 65_536;

    public static void main(String[] args) throws Exception {
        // Read once, when the first TLS class loads: these lines come before all others.
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.tls.legacyAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");

        char[] password = args[3].toCharArray();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(args[2])) {
            keys.load(in, password);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance("SunX509");
        managers.init(keys, password);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(managers.getKeyManagers(), null, null);

        SSLServerSocket listener = (SSLServerSocket) tls.getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        listener.setEnabledProtocols(args[0].split(","));
        listener.setEnabledCipherSuites(args[1].split(","));
        System.out.println("ACCEPT 127.0.0.1:" + listener.getLocalPort());
        while (true) {
            SSLSocket socket = (SSLSocket) listener.accept();
            Thread thread = new Thread(() -> serve(socket, args[4]));
            thread.setDaemon(true);
            thread.start();
        }
    }

    static void serve(SSLSocket socket, String mode) {
        try (socket) {
            socket.setSoTimeout(IDLE_MS);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            OutputStream out = new BufferedOutputStream(socket.getOutputStream());
            boolean more = true;
            for (int served = 1; more; served++) {
                String start = line(in);
                if (start == null) {
                    return;
                }
                more = answer(start, in, out, mode, served);
                out.flush();
            }
        } catch (IOException e) {
            System.err.println("connection ended: " + e);
        }
    }

    /** Reads the rest of one request, answers it, and says whether the connection stays. */
    static boolean answer(String start, InputStream in, OutputStream out, String mode, int served) throws IOException {
        List<String> headers = new ArrayList<>();
        long length = 0;
        boolean chunked = false, expects = false, close = false;
        for (String h = line(in); h != null && !h.isEmpty(); h = line(in)) {
            headers.add(h);
            String lower = h.toLowerCase();
            String value = lower.substring(lower.indexOf(':') + 1).trim();
            if (lower.startsWith("content-length:")) length = Long.parseLong(value);
            if (lower.startsWith("transfer-encoding:")) chunked = value.equals("chunked");
            if (lower.startsWith("expect:")) expects = value.equals("100-continue");
            if (lower.startsWith("connection:")) close = value.equals("close");
        }
        String[] words = start.split(" ");
        boolean old = mode.equals("http10");
        if (chunked && mode.equals("refuse-chunked")) {
            send(out, "411 Length Required", "{\"error\":\"length required\"}", false, false);
            return false;
        }
        if (expects && !old) {
            out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
        }
        MessageDigest digest = sha256();
        long read = chunked ? chunks(in, digest) : exactly(in, length, digest);

        StringBuilder json = new StringBuilder("{\"method\":" + quote(words[0]) + ",\"path\":" + quote(words[1])
            + ",\"served\":" + served + ",\"length\":" + read + ",\"sha256\":\"" + hex(digest.digest()) + "\",\"headers\":[");
        for (int i = 0; i < headers.size(); i++) {
            json.append(i == 0 ? "" : ",").append(quote(headers.get(i)));
        }
        boolean keep = !old && !close && words[2].equals("HTTP/1.1");
        send(out, "200 OK", json.append("]}\n").toString(), old, keep);
        return keep;
    }

    static void send(OutputStream out, String status, String body, boolean old, boolean keep) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = (old ? "HTTP/1.0 " : "HTTP/1.1 ") + status + "\r\nContent-Type: application/json\r\n"
            + (old ? "" : "Content-Length: " + bytes.length + "\r\nConnection: " + (keep ? "keep-alive" : "close") + "\r\n")
            + "\r\n";
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        out.write(bytes);
        out.flush();
    }

    static long exactly(InputStream in, long length, MessageDigest digest) throws IOException {
        byte[] buffer = new byte[16_384];
        for (long left = length; left > 0; ) {
            int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (n < 0) throw new IOException("the request's body ended " + left + " bytes early");
            digest.update(buffer, 0, n);
            left -= n;
        }
        return length;
    }

    static long chunks(InputStream in, MessageDigest digest) throws IOException {
        long total = 0;
        while (true) {
            String head = line(in);
            if (head == null) throw new IOException("the request's last chunk is missing");
            long size = Long.parseLong(head.split(";")[0].trim(), 16);
            if (size == 0) break;
            total += exactly(in, size, digest);
            line(in);
        }
        for (String trailer = line(in); trailer != null && !trailer.isEmpty(); trailer = line(in)) { }
        return total;
    }

    /** One line without its line end, or null at the end of the stream. */
    static String line(InputStream in) throws IOException {
        StringBuilder s = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) return null;
            if (c != '\r') s.append((char) c);
            if (s.length() > MAX_LINE) throw new IOException("a line is too long");
        }
        return s.toString();
    }

    static MessageDigest sha256() throws IOException {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IOException(e);
        }
    }

    static String hex(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }

    static String quote(String s) {
        StringBuilder b = new StringBuilder("\"");
        for (char c : s.toCharArray()) {
            if (c == '"' || c == '\\') b.append('\\').append(c);
            else if (c < ' ' || c > '~') b.append(String.format("\\u%04x", (int) c));
            else b.append(c);
        }
        return b.append('"').toString();
    }
}
