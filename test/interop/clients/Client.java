// A client of Java: java Client HttpClient|HttpsURLConnection. Each line of stdin is "URL FOLDER CALLS". The answer is
// one line with a word for each call: its status, or its error.
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.StringJoiner;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
  interface Caller { int call(String url) throws Exception; }

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] parts = line.split(" ");
      Caller caller = make(args[0], context(Path.of(parts[1])));
      StringJoiner words = new StringJoiner(" ");
      for (int left = Integer.parseInt(parts[2]); left > 0; left--) words.add(call(caller, parts[0]));
      System.out.println(words);
    }
  }

  static String call(Caller caller, String url) {
    try {
      return String.valueOf(caller.call(url));
    } catch (Exception error) {
      Throwable inner = error;
      while (inner.getCause() != null) inner = inner.getCause();
      return inner.toString().replaceAll("\\s+", "_");
    }
  }

  static Caller make(String kind, SSLContext context) {
    if (kind.equals("HttpClient")) {
      HttpClient client = HttpClient.newBuilder().sslContext(context).build();
      return url -> {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
        return client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
      };
    }
    return url -> {
      HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection();
      connection.setSSLSocketFactory(context.getSocketFactory());
      try (InputStream body = connection.getInputStream()) { body.readAllBytes(); }
      return connection.getResponseCode();
    };
  }

  static SSLContext context(Path folder) throws Exception {
    char[] password = "development".toCharArray();
    KeyStore keys = empty();
    keys.setKeyEntry("client", key(folder.resolve("key.pem")), password, certificates(folder.resolve("cert.pem")));
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, password);
    KeyStore anchors = empty();
    anchors.setCertificateEntry("ca", certificates(folder.resolve("ca.pem"))[0]);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(anchors);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  static Certificate[] certificates(Path path) throws Exception {
    try (InputStream file = Files.newInputStream(path)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(file).toArray(new Certificate[0]);
    }
  }

  static KeyStore empty() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  static PrivateKey key(Path path) throws Exception {
    String text = Files.readString(path).replaceAll("-----[^-]+-----|\\s", "");
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
  }
}
