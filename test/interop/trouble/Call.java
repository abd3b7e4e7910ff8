// One call of Java: java Call.java URL FOLDER. Presents FOLDER/cert.pem if it is there, trusts FOLDER/ca.pem, and
// prints the status or the exception with its causes, as a stack trace names them.
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Call {
  public static void main(String[] args) throws Exception {
    HttpClient client = HttpClient.newBuilder().sslContext(context(Path.of(args[1]))).build();
    try {
      HttpRequest request = HttpRequest.newBuilder(URI.create(args[0])).build();
      System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    } catch (Exception error) {
      for (Throwable one = error; one != null; one = one.getCause()) System.out.println(one);
    }
    System.exit(0);
  }

  static SSLContext context(Path folder) throws Exception {
    char[] password = "development".toCharArray();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    if (Files.exists(folder.resolve("cert.pem"))) {
      String text = Files.readString(folder.resolve("key.pem")).replaceAll("-----[^-]+-----|\\s", "");
      PKCS8EncodedKeySpec key = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
      keys.setKeyEntry("client", KeyFactory.getInstance("EC").generatePrivate(key), password,
          certificates(folder.resolve("cert.pem")));
    }
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, password);
    KeyStore anchors = KeyStore.getInstance("PKCS12");
    anchors.load(null, null);
    anchors.setCertificateEntry("ca", certificates(folder.resolve("ca.pem"))[0]);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(anchors);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  static Certificate[] certificates(Path path) throws Exception {
    ByteArrayInputStream file = new ByteArrayInputStream(Files.readAllBytes(path));
    return CertificateFactory.getInstance("X.509").generateCertificates(file).toArray(new Certificate[0]);
  }
}
