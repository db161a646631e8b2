package dev.redoubt.node.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Wants a token and then sends everybody to another host, as registries do that keep blobs elsewhere. */
final class RedirectingRegistry implements AutoCloseable {
    private final HttpServer server;
    private final String elsewhere;
    private final String realm;
    private final List<String> authorizations = new CopyOnWriteArrayList<>();

    /** {@code configuration} names the token service the way a registry's configuration does. */
    RedirectingRegistry(String elsewhere, String configuration) throws IOException {
        this.elsewhere = elsewhere;
        this.realm = configuration.replaceAll("(?s).*realm: '([^']*)'.*", "$1");
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    List<String> authorizations() {
        return authorizations;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            Optional<String> token =
                    Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"));
            if (token.isEmpty()) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\"");
                exchange.sendResponseHeaders(401, -1);
                return;
            }
            authorizations.add(token.get());
            exchange.getResponseHeaders().set("Location", "http://" + elsewhere + exchange.getRequestURI());
            exchange.sendResponseHeaders(307, -1);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
