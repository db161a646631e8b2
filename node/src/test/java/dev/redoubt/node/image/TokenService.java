package dev.redoubt.node.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Issues the tokens that docker-registry checks, signed with a key of its own; to whoever has the password, if any. */
final class TokenService implements AutoCloseable {
    private final HttpServer server;
    private final PrivateKey key;
    private final String certificate;
    private final Optional<String> password;
    private final List<String> queries = new CopyOnWriteArrayList<>();
    private final List<String> authorizations = new CopyOnWriteArrayList<>();

    /** {@code password} is {@code user:password}, empty for everybody. */
    TokenService(Scratch scratch, Optional<String> password) throws IOException, GeneralSecurityException {
        scratch.sh(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=test 2>&1");
        this.certificate = pem(scratch, "cert.pem");
        this.key = KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem(scratch, "key.pem"))));
        this.password = password;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/token", this::answer);
        server.start();
    }

    private static String pem(Scratch scratch, String name) throws IOException {
        return Files.readString(scratch.path(name)).replaceAll("-----[A-Z ]+-----|\n", "");
    }

    /** The registry's configuration for tokens of this service. */
    String registryConfiguration(Scratch scratch) {
        return "auth: {token: {realm: 'http://127.0.0.1:" + server.getAddress().getPort()
                + "/token', service: the-registry, issuer: the-issuer, rootcertbundle: "
                + scratch.path("cert.pem") + "}}\n";
    }

    List<String> queries() {
        return queries;
    }

    List<String> authorizations() {
        return authorizations;
    }

    private void answer(HttpExchange exchange) throws IOException {
        String authorization = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"))
                .orElse("");
        queries.add(exchange.getRequestURI().getQuery());
        authorizations.add(authorization);
        boolean known = password.isEmpty()
                || authorization.equals("Basic "
                        + Base64.getEncoder().encodeToString(password.get().getBytes(StandardCharsets.UTF_8)));
        byte[] reply = (known ? "{\"token\":\"" + token("repo/image") + "\"}" : "{}").getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(known ? 200 : 401, reply.length);
        exchange.getResponseBody().write(reply);
        exchange.close();
    }

    private String token(String repository) {
        long now = Instant.now().getEpochSecond();
        String header = "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5c\":[\"" + certificate + "\"]}";
        String claims =
                "{\"iss\":\"the-issuer\",\"aud\":\"the-registry\",\"sub\":\"u\",\"jti\":\"1\",\"nbf\":" + (now - 60)
                        + ",\"iat\":" + (now - 60) + ",\"exp\":" + (now + 600)
                        + ",\"access\":[{\"type\":\"repository\",\"name\":\"" + repository
                        + "\",\"actions\":[\"pull\",\"push\"]}]}";
        String signed =
                encode(header.getBytes(StandardCharsets.UTF_8)) + "." + encode(claims.getBytes(StandardCharsets.UTF_8));
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key);
            signature.update(signed.getBytes(StandardCharsets.US_ASCII));
            return signed + "." + encode(signature.sign());
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
