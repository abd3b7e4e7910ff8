// A Java server that demands client certificates: java Server.java KEYSTORE CA VERSION (the keystore's password is "development").
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

public class Server {
  public static void main(String[] args) throws Exception {
    char[] password = "development".toCharArray();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (FileInputStream file = new FileInputStream(args[0])) { keys.load(file, password); }
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, password);
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    anchors.load(null, null);
    try (FileInputStream file = new FileInputStream(args[1])) { anchors.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file)); }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(anchors);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context) {
      @Override public void configure(HttpsParameters parameters) {
        SSLParameters settings = context.getDefaultSSLParameters();
        settings.setNeedClientAuth(true);
        settings.setProtocols(new String[] {"TLSv" + args[2]});
        parameters.setSSLParameters(settings);
      }
    });
    server.createContext("/", exchange -> {
      byte[] body = exchange.getRequestBody().readAllBytes();
      System.out.println("REQUEST " + exchange.getProtocol() + " " + exchange.getRequestURI());
      String name = ((com.sun.net.httpserver.HttpsExchange) exchange).getSSLSession().getPeerPrincipal().getName();
      byte[] answer = (name.replaceAll("^.*CN=([^,]*).*$", "$1") + " " + new String(body)).getBytes();
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
    });
    server.start();
    System.out.println("PORT " + server.getAddress().getPort());
  }
}
