package dev.redoubt.node.image;

import dev.redoubt.node.image.ImageException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * Reads from one repository of one registry: the OCI distribution specification's "pull", with Docker's token
 * authentication.
 *
 * <p>Redirects are followed by hand: the registry's token and the password stay with the registry's host, and nothing
 * goes from TLS to plain HTTP.
 */
final class RegistryClient implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration FIRST_BYTE = Duration.ofSeconds(60);
    private static final int MAX_REDIRECTS = 5;
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1]");

    private final HttpClient http = HttpClient.newBuilder()
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private final Reference reference;
    private final Optional<Credentials> credentials;
    private final boolean loopback;
    private final boolean plainAllowed;
    private final URI base;
    private Optional<String> authorization = Optional.empty();

    RegistryClient(Reference reference, PullOptions options) {
        this.reference = reference;
        this.credentials = options.credentials();
        this.loopback = LOOPBACK.matcher(hostOf(reference.host())).matches();
        this.plainAllowed = options.insecure() || loopback;
        this.base = reachable();
    }

    /** TLS; plain HTTP where nobody is on the way, or where it is allowed and TLS is not spoken. */
    private URI reachable() {
        URI secure = URI.create("https://" + reference.host() + "/v2/");
        URI plain = URI.create("http://" + reference.host() + "/v2/");
        if (!plainAllowed) {
            return secure;
        }
        try {
            return loopback ? plainIfSpoken(plain, secure) : secureIfSpoken(plain, secure);
        } catch (IOException unreachable) {
            throw failed("cannot reach", unreachable);
        }
    }

    /** Plain first: some plain servers only wait when they are greeted with TLS. One that speaks TLS answers 400. */
    private URI plainIfSpoken(URI plain, URI secure) throws IOException {
        HttpResponse<InputStream> response = send(plain, Map.of());
        response.body().close();
        return response.statusCode() == 200 || response.statusCode() == 401 ? plain : secure;
    }

    /** A bad certificate is no reason to do without. */
    private URI secureIfSpoken(URI plain, URI secure) throws IOException {
        try {
            send(secure, Map.of()).body().close();
            return secure;
        } catch (SSLException refused) {
            if (isAboutCertificate(refused)) {
                throw refused;
            }
            return plain;
        }
    }

    private static boolean isAboutCertificate(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof GeneralSecurityException) {
                return true;
            }
        }
        return false;
    }

    /** A body, and what the registry says of it. */
    record Reply(int status, java.net.http.HttpHeaders headers, InputStream body) implements AutoCloseable {
        Optional<String> header(String name) {
            return headers.firstValue(name);
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }

    /**
     * Gets {@code path} of the repository ({@code manifests/...}, {@code blobs/...}).
     *
     * @return a reply with status 200, 206 or 416
     * @throws ImageException for every other status
     * @throws IOException when the connection breaks: worth another try
     */
    Reply get(String path, Map<String, String> headers) throws IOException {
        URI uri = base.resolve(reference.repository() + "/" + path);
        HttpResponse<InputStream> response = authorized(uri, headers);
        for (int hop = 0; isRedirect(response.statusCode()) && hop < MAX_REDIRECTS; hop++) {
            uri = target(uri, response);
            boolean home = uri.getAuthority().equals(base.getAuthority());
            response = home ? authorized(uri, headers) : send(uri, headers);
        }
        return switch (response.statusCode()) {
            case 200, 206, 416 -> new Reply(response.statusCode(), response.headers(), response.body());
            default -> throw refused(response);
        };
    }

    /** With the token that we have; when it is not (or no longer) good enough, with a new one. */
    private HttpResponse<InputStream> authorized(URI uri, Map<String, String> headers) throws IOException {
        HttpResponse<InputStream> response = send(uri, with(headers, authorization));
        if (response.statusCode() != 401) {
            return response;
        }
        response.body().close();
        authorization = Optional.of(authorize(Challenge.parse(response.headers().allValues("WWW-Authenticate"))));
        return send(uri, with(headers, authorization));
    }

    private static Map<String, String> with(Map<String, String> headers, Optional<String> authorization) {
        Map<String, String> all = new java.util.HashMap<>(headers);
        authorization.ifPresent(value -> all.put("Authorization", value));
        return all;
    }

    private String authorize(List<Challenge> challenges) throws IOException {
        for (Challenge challenge : challenges) {
            if (challenge.scheme().equals("bearer")
                    && challenge.parameter("realm").isPresent()) {
                return "Bearer " + token(challenge);
            }
            if (challenge.scheme().equals("basic") && credentials.isPresent()) {
                return credentials.get().basic();
            }
        }
        throw new ImageException(
                Reason.UNAUTHORIZED,
                reference.host() + " wants a login" + (credentials.isEmpty() ? "" : " of another kind"));
    }

    /** Docker's token specification: the realm gives a token for a service and a scope. */
    private String token(Challenge challenge) throws IOException {
        URI realm = realm(challenge);
        Optional<String> basic = passwordFor(realm);
        try (InputStream body = tokenReply(realm, challenge, basic)) {
            byte[] json = body.readNBytes(Documents.MAX_BYTES);
            return Documents.member(json, "token")
                    .or(() -> Documents.member(json, "access_token"))
                    .orElseThrow(() -> new ImageException(Reason.REGISTRY, "the token service sent no token"));
        }
    }

    private InputStream tokenReply(URI realm, Challenge challenge, Optional<String> basic) throws IOException {
        String service = challenge
                .parameter("service")
                .map(s -> "service=" + encode(s) + "&")
                .orElse("");
        // Our own scope, not the one that the registry names: no token for more than we do.
        String query = service + "scope=" + encode("repository:" + reference.repository() + ":pull");
        URI asked = URI.create(realm + (realm.getRawQuery() == null ? "?" : "&") + query);
        HttpResponse<InputStream> response = send(asked, with(Map.of(), basic));
        if (response.statusCode() == 200) {
            return response.body();
        }
        response.body().close();
        String hint = credentials.isPresent() && basic.isEmpty()
                ? "; its token service is at " + realm.getHost() + ", where the password was not sent"
                : "";
        throw new ImageException(
                Reason.UNAUTHORIZED,
                reference.host() + " gives no token (status " + response.statusCode() + ")" + hint);
    }

    private URI realm(Challenge challenge) {
        URI realm = uri(challenge.parameter("realm").orElseThrow());
        requireAllowed(realm);
        return realm;
    }

    private Optional<String> passwordFor(URI realm) {
        return credentials
                .filter(password -> password.mayGoTo(realm.getHost(), hostOf(reference.registry())))
                .map(Credentials::basic);
    }

    private URI target(URI from, HttpResponse<InputStream> response) throws IOException {
        response.body().close();
        String location = response.headers()
                .firstValue("Location")
                .orElseThrow(() -> new ImageException(Reason.REGISTRY, "a redirect leads nowhere"));
        URI target = from.resolve(uri(location));
        requireAllowed(target);
        return target;
    }

    private void requireAllowed(URI uri) {
        boolean web = "https".equals(uri.getScheme()) || (plainAllowed && "http".equals(uri.getScheme()));
        if (!web || uri.getHost() == null) {
            throw new ImageException(
                    Reason.REGISTRY, reference.host() + " leads to an address without TLS, which is not allowed");
        }
    }

    private static URI uri(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException damaged) {
            throw new ImageException(Reason.REGISTRY, "the registry sent an address that is none", damaged);
        }
    }

    private HttpResponse<InputStream> send(URI uri, Map<String, String> headers) throws IOException {
        try {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(uri).timeout(FIRST_BYTE).header("User-Agent", "redoubt");
            headers.forEach(request::header);
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IllegalArgumentException impossible) { // a port past 65535, a token with a line break
            throw new ImageException(
                    Reason.REGISTRY, reference.host() + " cannot be asked: " + impossible.getMessage(), impossible);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(Reason.REGISTRY, "interrupted", asked);
        }
    }

    private ImageException refused(HttpResponse<InputStream> response) throws IOException {
        response.body().close();
        int status = response.statusCode();
        return switch (status) {
            case 401, 403 ->
                new ImageException(Reason.UNAUTHORIZED, reference.host() + " does not let us have " + reference);
            case 404 -> new ImageException(Reason.NOT_FOUND, reference.host() + " has no " + reference);
            case 429 -> new ImageException(Reason.REGISTRY, reference.host() + " wants us to slow down (status 429)");
            default -> new ImageException(Reason.REGISTRY, reference.host() + " answers with status " + status);
        };
    }

    ImageException failed(String what, IOException cause) {
        return new ImageException(Reason.REGISTRY, what + " " + reference.host() + ": " + words(cause), cause);
    }

    /** Java's client says nothing of why there is no connection but by the types of the causes. */
    private static String words(IOException why) {
        if (why.getMessage() != null) {
            return why.getMessage();
        }
        for (Throwable at = why; at != null; at = at.getCause()) {
            if (at instanceof UnresolvedAddressException) {
                return "there is no host of that name";
            }
        }
        return why instanceof ConnectException
                ? "nothing takes a connection there; is the registry running, and is this its port?"
                : why.getClass().getSimpleName();
    }

    private static boolean isRedirect(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Without the port; brackets of an IPv6 address stay. */
    private static String hostOf(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
