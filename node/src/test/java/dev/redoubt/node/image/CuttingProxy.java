package dev.redoubt.node.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** Stands before a registry and does to its replies what bad networks and odd registries do. */
final class CuttingProxy implements AutoCloseable {
    /** What to do with a blob. */
    interface Trouble {
        void reply(HttpExchange exchange, HttpResponse<byte[]> real) throws IOException;
    }

    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final String target;
    private final Trouble trouble;
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private final List<String> authorizations = new CopyOnWriteArrayList<>();

    CuttingProxy(String target, Trouble trouble) throws IOException {
        this.target = target;
        this.trouble = trouble;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** What was asked of blobs, in order; empty for the whole. */
    List<String> ranges() {
        return ranges;
    }

    List<String> authorizations() {
        return authorizations;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(URI.create("http://" + target + exchange.getRequestURI()));
            header(exchange, "Accept").ifPresent(value -> request.header("Accept", value));
            header(exchange, "Range").ifPresent(value -> request.header("Range", value));
            HttpResponse<byte[]> real = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            if (exchange.getRequestURI().getPath().contains("/blobs/") && real.body().length > 10_000) {
                ranges.add(header(exchange, "Range").orElse(""));
                authorizations.add(header(exchange, "Authorization").orElse(""));
                trouble.reply(exchange, real);
            } else {
                pass(exchange, real);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    static void pass(HttpExchange exchange, HttpResponse<byte[]> real) throws IOException {
        real.headers()
                .firstValue("Content-Range")
                .ifPresent(value -> exchange.getResponseHeaders().set("Content-Range", value));
        exchange.sendResponseHeaders(real.statusCode(), real.body().length == 0 ? -1 : real.body().length);
        exchange.getResponseBody().write(real.body());
    }

    /** Promises all and breaks the connection after some of it. */
    static void cut(HttpExchange exchange, HttpResponse<byte[]> real, int after) throws IOException {
        real.headers()
                .firstValue("Content-Range")
                .ifPresent(value -> exchange.getResponseHeaders().set("Content-Range", value));
        exchange.sendResponseHeaders(real.statusCode(), real.body().length);
        exchange.getResponseBody().write(real.body(), 0, Math.min(after, real.body().length - 1));
        exchange.getResponseBody().flush();
    }

    private static Optional<String> header(HttpExchange exchange, String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
    }

    @Override
    public void close() {
        server.stop(0);
        client.shutdownNow();
    }
}
