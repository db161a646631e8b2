package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** Debian's docker-registry on a port of the loopback interface, its storage in the test's directory. */
final class RealRegistry implements AutoCloseable {
    private final Process process;
    private final int port;
    private final Path storage;

    private RealRegistry(Process process, int port, Path storage) {
        this.process = process;
        this.port = port;
        this.storage = storage;
    }

    /** {@code auth} is the configuration's section of that name, or empty. */
    static RealRegistry start(Scratch scratch, String auth) throws Exception {
        return start(scratch, auth, "");
    }

    /** Speaks TLS only, with a certificate that nobody has reason to trust. */
    static RealRegistry startTls(Scratch scratch) throws Exception {
        scratch.sh("openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem -days 2 -subj /CN=127.0.0.1"
                + " -addext subjectAltName=IP:127.0.0.1,IP:0.0.0.0 2>&1");
        return start(
                scratch,
                "",
                ", tls: {certificate: " + scratch.path("tls.pem") + ", key: " + scratch.path("tls.key") + "}");
    }

    private static RealRegistry start(Scratch scratch, String auth, String tls) throws Exception {
        int port = freePort();
        Path storage = scratch.make("registry");
        Path config = scratch.path("registry-" + port + ".yml");
        Files.writeString(
                config,
                "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: "
                        + storage + "}, delete: {enabled: true}}\nhttp: {addr: '127.0.0.1:" + port + "'" + tls + "}\n"
                        + auth);
        Process process = scratch.start(new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectOutput(scratch.path("registry.log").toFile())
                .redirectErrorStream(true));
        awaitPort(process, port);
        return new RealRegistry(process, port, storage);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void awaitPort(Process process, int port) throws InterruptedException {
        Instant end = Instant.now().plus(Duration.ofSeconds(30));
        while (!answers(port)) {
            assertThat(process.isAlive()).isTrue();
            assertThat(Instant.now()).isBefore(end);
            Thread.sleep(20);
        }
    }

    private static boolean answers(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    int port() {
        return port;
    }

    /** As in an image's name. */
    String host() {
        return "127.0.0.1:" + port;
    }

    /** The file in which the registry keeps a blob. */
    Path blob(Digest digest) {
        return storage.resolve(
                "docker/registry/v2/blobs/sha256/" + digest.hex().substring(0, 2) + "/" + digest.hex() + "/data");
    }

    /** Puts all of a layout's images under one name with skopeo. */
    void fill(Scratch scratch, OciLayout layout, String name) {
        scratch.sh(
                "skopeo --insecure-policy copy -q --all --dest-tls-verify=false \"oci:$1\" \"docker://$2\"",
                layout.directory().toString(),
                host() + "/" + name);
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
