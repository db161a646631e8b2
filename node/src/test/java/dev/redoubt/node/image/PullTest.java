package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.redoubt.node.NodeOfTest;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.OciLayout.LayerBlob;
import dev.redoubt.node.image.unpack.Compression;
import dev.redoubt.node.image.unpack.RawTar;
import dev.redoubt.node.image.unpack.Refusal;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against Debian's docker-registry. */
class PullTest {
    private static final Platform OTHER = new Platform("linux", "s390x", "");

    private Scratch scratch;
    private ImageStore store;
    private OciLayout layout;
    private LayerBlob lower;
    private LayerBlob upper;
    private LayerBlob others;

    @BeforeEach
    void makeImage() throws IOException {
        scratch = new Scratch();
        store = Stores.open(scratch);
        layout = new OciLayout(scratch.path("layout"));
        lower = layout.addLayer(root("lower", 300_000), Compression.GZIP);
        upper = layout.addLayer(new RawTar().mode(0755).directory("opt").archive(), Compression.ZSTD);
        others = layout.addLayer(root("other", 10), Compression.NONE);
        layout.addImage(OTHER, others);
        layout.addImage(Platform.host(), lower, upper);
        layout.finish(true);
    }

    /** Content that does not compress, so that there is something to download. */
    private static byte[] root(String name, int length) {
        StringBuilder noise = new StringBuilder();
        Random random = new Random(7);
        for (int at = 0; at < length; at++) {
            noise.append((char) random.nextInt(256));
        }
        return new RawTar()
                .mode(0755)
                .directory("etc")
                .directory("usr")
                .file("etc/" + name, noise.toString())
                .archive();
    }

    @AfterEach
    void removeStore() {
        scratch.close();
    }

    private RealRegistry registry() throws Exception {
        RealRegistry registry = RealRegistry.start(scratch, "");
        registry.fill(scratch, layout, "repo/image:v1");
        return registry;
    }

    private Image pull(String name) {
        return pull(name, PullOptions.standard());
    }

    private Image pull(String name, PullOptions options) {
        return store.pull(store.reference(name), options, Stores.SILENT);
    }

    @Test
    void aNameWithoutAHostMeansTheRegistryOfTheSetting() throws Exception {
        try (RealRegistry registry = registry()) {
            ImageStore ours = ImageStore.open(
                    scratch.path("images"), new ShortNames(registry.host()), NodeOfTest.sandboxes(scratch.path()));

            Image image = ours.pull(ours.reference("repo/image:v1"), PullOptions.standard(), Stores.SILENT);

            assertThat(image.names()).containsExactly(registry.host() + "/repo/image:v1");
            assertThat(ours.resolve("repo/image:v1")).isEqualTo(image);
            assertReason(Reason.NOT_FOUND, () -> store.resolve("repo/image:v1"));
        }
    }

    private void assertReason(Reason reason, Runnable call) {
        assertThatThrownBy(call::run).asInstanceOf(type(ImageException.class)).returns(reason, ImageException::reason);
    }

    @Test
    void aRegistryThatIsNotThereIsSaidSo() throws IOException {
        int port;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = taken.getLocalPort(); // free again in a moment
        }
        assertThatThrownBy(() -> pull("127.0.0.1:" + port + "/repo/image"))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Reason.REGISTRY))
                .hasMessageContainingAll("127.0.0.1:" + port, "nothing takes a connection there");
        assertReason(Reason.REGISTRY, () -> pull("127.0.0.1:99999/repo/image"));
    }

    @Test
    void takesTheImageForThisPlatformLayerByLayer() throws Exception {
        try (RealRegistry registry = registry()) {
            List<ImageEvent> events = new ArrayList<>();
            Image image = store.pull(
                    store.reference(registry.host() + "/repo/image:v1"), PullOptions.standard(), events::add);

            assertThat(image.layers().stream().map(Layer::diffId)).containsExactly(upper.diffId(), lower.diffId());
            assertThat(image.names()).containsExactly(registry.host() + "/repo/image:v1");
            assertThat(image.platform()).isEqualTo(Platform.host());
            assertThat(image.layerDirectories().getLast().resolve("etc/lower")).hasSize(300_000);
            assertThat(events).contains(new ImageEvent.Downloading(lower.digest(), lower.size(), lower.size()));
            assertThat(events.getLast()).isEqualTo(new ImageEvent.Ready(image));
            Stores.assertNoLeftovers(scratch);

            events.clear();
            store.pull(store.reference(image.names().getFirst()), PullOptions.standard(), events::add);
            assertThat(events)
                    .containsExactly(
                            new ImageEvent.Present(lower.diffId()),
                            new ImageEvent.Present(upper.diffId()),
                            new ImageEvent.Ready(image));
        }
    }

    @Test
    void takesAnotherPlatformWhenAskedAndRefusesOneThatIsNotThere() throws Exception {
        try (RealRegistry registry = registry()) {
            String name = registry.host() + "/repo/image:v1";
            Image image = pull(name, new PullOptions(OTHER, false, Optional.empty()));
            assertThat(image.layers()).extracting(Layer::diffId).containsExactly(others.diffId());

            assertThatThrownBy(
                            () -> pull(name, new PullOptions(Platform.parse("linux/riscv64"), false, Optional.empty())))
                    .hasMessageContaining("linux/riscv64")
                    .hasMessageContaining("linux/s390x")
                    .asInstanceOf(type(ImageException.class))
                    .returns(Reason.WRONG_PLATFORM, ImageException::reason);
        }
    }

    @Test
    void byDigestAndWhatIsNotThere() throws Exception {
        try (RealRegistry registry = registry()) {
            String repository = registry.host() + "/repo/image";
            Digest digest = pull(repository + ":v1").digest();

            assertThat(pull(repository + "@" + digest).digest()).isEqualTo(digest);
            assertThat(store.resolve(repository + "@" + digest).names())
                    .containsExactly(repository + ":v1", repository + "@" + digest);
            assertReason(Reason.NOT_FOUND, () -> pull(repository + ":v2"));
            assertReason(Reason.NOT_FOUND, () -> pull(registry.host() + "/repo/other"));
            assertReason(Reason.NOT_FOUND, () -> pull(repository + "@" + Digest.of("nothing")));
        }
    }

    @Test
    void aTamperedBlobIsRefusedAndLeavesNothing() throws Exception {
        try (RealRegistry registry = registry()) {
            byte[] blob = Files.readAllBytes(registry.blob(lower.digest()));
            blob[blob.length / 2] ^= 1;
            Files.write(registry.blob(lower.digest()), blob);

            assertReason(Reason.WRONG_DIGEST, () -> pull(registry.host() + "/repo/image:v1"));
            Stores.assertEmpty(scratch);
        }
    }

    @Test
    void aTamperedManifestIsRefused() throws Exception {
        try (RealRegistry registry = registry()) {
            Image image = pull(registry.host() + "/repo/image:v1");
            store.remove(image.names().getFirst());
            String manifest = Files.readString(registry.blob(image.digest()));
            Files.writeString(
                    registry.blob(image.digest()), manifest.replace("\"schemaVersion\":2", "\"schemaVersion\": 2"));

            assertThatThrownBy(() -> pull(registry.host() + "/repo/image:v1")).isInstanceOf(ImageException.class);
            Stores.assertEmpty(scratch);
        }
    }

    /** Nor is a blob that a liar on the way has changed. */
    @Test
    void aBlobThatIsChangedOnTheWayIsRefused() throws Exception {
        try (RealRegistry registry = registry();
                CuttingProxy liar = new CuttingProxy(registry.host(), (exchange, real) -> {
                    byte[] other = real.body().clone();
                    other[100] ^= 1;
                    exchange.sendResponseHeaders(200, other.length);
                    exchange.getResponseBody().write(other);
                })) {
            assertReason(Reason.WRONG_DIGEST, () -> pull(liar.host() + "/repo/image:v1"));
            Stores.assertEmpty(scratch);
        }
    }

    @Test
    void moreThanWasPromisedIsRefused() throws Exception {
        try (RealRegistry registry = registry();
                CuttingProxy endless = new CuttingProxy(registry.host(), (exchange, real) -> {
                    exchange.sendResponseHeaders(200, 0);
                    byte[] block = new byte[65_536];
                    // The client hangs up long before; if it does not, the test's disk would notice.
                    for (int at = 0; at < 1000; at++) {
                        exchange.getResponseBody().write(block);
                    }
                })) {
            assertReason(Reason.WRONG_DIGEST, () -> pull(endless.host() + "/repo/image:v1"));
            Stores.assertEmpty(scratch);
        }
    }

    @Test
    void goesOnAfterABrokenConnection() throws Exception {
        List<Integer> attempts = new ArrayList<>();
        try (RealRegistry registry = registry();
                CuttingProxy proxy = new CuttingProxy(registry.host(), (exchange, real) -> {
                    attempts.add(real.body().length);
                    if (attempts.size() < 3) {
                        CuttingProxy.cut(exchange, real, 100_000);
                    } else {
                        CuttingProxy.pass(exchange, real);
                    }
                })) {
            Image image = pull(proxy.host() + "/repo/image:v1");

            assertThat(image.layerDirectories().getLast().resolve("etc/lower")).hasSize(300_000);
            assertThat(proxy.ranges()).hasSize(3).first().isEqualTo("");
            assertThat(proxy.ranges().get(1)).matches("bytes=[1-9][0-9]*-");
            assertThat(start(proxy.ranges().get(2)))
                    .isGreaterThan(start(proxy.ranges().get(1)));
            Stores.assertNoLeftovers(scratch);
        }
    }

    private static long start(String range) {
        return Long.parseLong(range.substring("bytes=".length(), range.length() - 1));
    }

    @Test
    void anotherAttemptLaterGoesOnWhereThisOneEnded() throws Exception {
        try (RealRegistry registry = registry()) {
            try (CuttingProxy proxy =
                    new CuttingProxy(registry.host(), (exchange, real) -> CuttingProxy.cut(exchange, real, 20_000))) {
                assertReason(Reason.REGISTRY, () -> pull(proxy.host() + "/repo/image:v1"));
            }
            assertThat(Stores.names(scratch.path("images/tmp/blobs")))
                    .containsExactly(lower.digest().hex());
            // The piece outlives the process that fetched it.
            store = Stores.open(scratch);
            try (CuttingProxy proxy = new CuttingProxy(registry.host(), CuttingProxy::pass)) {
                pull(proxy.host() + "/repo/image:v1");
                assertThat(proxy.ranges()).hasSize(1);
                assertThat(start(proxy.ranges().getFirst())).isBetween(1L, 100_000L);
            }
            Stores.assertNoLeftovers(scratch);
        }
    }

    @Test
    void aRegistryThatCannotResumeSendsAllAgain() throws Exception {
        List<Integer> attempts = new ArrayList<>();
        try (RealRegistry registry = registry();
                CuttingProxy proxy = new CuttingProxy(registry.host(), (exchange, real) -> {
                    attempts.add(real.body().length);
                    byte[] whole = Files.readAllBytes(registry.blob(lower.digest()));
                    exchange.sendResponseHeaders(200, whole.length);
                    exchange.getResponseBody().write(whole, 0, attempts.size() == 1 ? 50_000 : whole.length);
                })) {
            Image image = pull(proxy.host() + "/repo/image:v1");

            assertThat(image.layers()).hasSize(2);
            assertThat(attempts).hasSize(2);
        }
    }

    @Test
    void aHostileLayerIsRefusedAndLeavesNothing() throws Exception {
        OciLayout hostile = new OciLayout(scratch.path("hostile"));
        hostile.addImage(
                Platform.host(),
                hostile.addLayer(root("fine", 10), Compression.GZIP),
                hostile.addLayer(new RawTar().file("../etc/passwd", "x").archive(), Compression.GZIP));
        hostile.finish(true);
        try (RealRegistry registry = RealRegistry.start(scratch, "")) {
            registry.fill(scratch, hostile, "repo/hostile:v1");

            assertThatThrownBy(() -> pull(registry.host() + "/repo/hostile:v1"))
                    .asInstanceOf(type(ArchiveRefused.class))
                    .returns(Refusal.PARENT_PATH, ArchiveRefused::refusal);
            Stores.assertEmpty(scratch);
        }
    }

    @Test
    void manyPullsOfOneImageDownloadItOnce() throws Exception {
        try (RealRegistry registry = registry();
                CuttingProxy proxy = new CuttingProxy(registry.host(), CuttingProxy::pass);
                ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Image>> pulls = new ArrayList<>();
            for (int at = 0; at < 8; at++) {
                pulls.add(() -> Stores.open(scratch)
                        .pull(store.reference(proxy.host() + "/repo/image:v1"), PullOptions.standard(), Stores.SILENT));
            }
            List<Image> images = new ArrayList<>();
            for (Future<Image> pulled : threads.invokeAll(pulls)) {
                images.add(pulled.get());
            }

            assertThat(Set.copyOf(images)).hasSize(1);
            assertThat(proxy.ranges()).hasSize(1);
            Stores.assertNoLeftovers(scratch);
        }
    }

    @Test
    void tokensAreFetchedForThisRepositoryAndPullOnly() throws Exception {
        try (TokenService tokens = new TokenService(scratch, Optional.empty());
                RealRegistry registry = RealRegistry.start(scratch, tokens.registryConfiguration(scratch))) {
            registry.fill(scratch, layout, "repo/image:v1");
            tokens.queries().clear();

            assertThat(pull(registry.host() + "/repo/image:v1").layers()).hasSize(2);

            assertThat(tokens.queries()).containsExactly("service=the-registry&scope=repository:repo/image:pull");
            assertThat(tokens.authorizations()).last().isEqualTo("");
            // A token for another repository opens nothing.
            assertReason(Reason.UNAUTHORIZED, () -> pull(registry.host() + "/repo/secret:v1"));
        }
    }

    @Test
    void thePasswordGoesToTheRegistrysOwnHostOnly() throws Exception {
        try (TokenService tokens = new TokenService(scratch, Optional.of("me:open sesame"));
                RealRegistry registry = RealRegistry.start(scratch, tokens.registryConfiguration(scratch))) {
            scratch.sh(
                    "skopeo --insecure-policy copy -q --all --dest-tls-verify=false --dest-creds 'me:open sesame' \"oci:$1\" \"docker://$2\"",
                    layout.directory().toString(),
                    registry.host() + "/repo/image:v1");
            tokens.authorizations().clear();
            String own = registry.host() + "/repo/image:v1";
            // The same registry by another name: now its token service is on a foreign host.
            String foreign = "localhost:" + registry.port() + "/repo/image:v1";

            assertReason(Reason.UNAUTHORIZED, () -> pull(own));
            assertReason(Reason.UNAUTHORIZED, () -> pull(own, with("me", "wrong", Set.of())));
            assertThat(pull(own, with("me", "open sesame", Set.of())).layers()).hasSize(2);
            tokens.authorizations().clear();
            assertThatThrownBy(() -> pull(foreign, with("me", "open sesame", Set.of())))
                    .hasMessageContaining("127.0.0.1")
                    .hasMessageNotContaining("sesame")
                    .asInstanceOf(type(ImageException.class))
                    .returns(Reason.UNAUTHORIZED, ImageException::reason);
            assertThat(tokens.authorizations()).containsOnly("");
            assertThat(pull(foreign, with("me", "open sesame", Set.of("127.0.0.1")))
                            .layers())
                    .hasSize(2);
        }
    }

    private static PullOptions with(String user, String password, Set<String> tokenHosts) {
        return new PullOptions(Platform.host(), false, Optional.of(new Credentials(user, password, tokenHosts)));
    }

    @Test
    void theTokenDoesNotFollowARedirect() throws Exception {
        try (TokenService tokens = new TokenService(scratch, Optional.empty());
                RealRegistry storage = registry();
                CuttingProxy elsewhere = new CuttingProxy(storage.host(), CuttingProxy::pass);
                RedirectingRegistry front =
                        new RedirectingRegistry(elsewhere.host(), tokens.registryConfiguration(scratch))) {
            Image image = pull(front.host() + "/repo/image:v1");

            assertThat(image.layers()).hasSize(2);
            assertThat(front.authorizations()).isNotEmpty().allMatch(value -> value.startsWith("Bearer "));
            assertThat(elsewhere.authorizations()).isNotEmpty().containsOnly("");
        }
    }

    @Test
    void plainHttpNeedsPermissionBeyondThisMachine() throws Exception {
        try (RealRegistry registry = registry()) {
            // The wildcard address reaches this machine but is none of its loopback addresses.
            String name = "0.0.0.0:" + registry.port() + "/repo/image:v1";

            assertReason(Reason.REGISTRY, () -> pull(name));
            assertThat(pull(name, new PullOptions(Platform.host(), true, Optional.empty()))
                            .layers())
                    .hasSize(2);
        }
    }

    /** Also where plain HTTP would be allowed: whoever has a certificate is not asked to do without. */
    @Test
    void aCertificateNobodyKnowsIsRefused() throws Exception {
        try (RealRegistry registry = RealRegistry.startTls(scratch)) {
            PullOptions insecure = new PullOptions(Platform.host(), true, Optional.empty());
            for (String host : List.of("127.0.0.1:", "0.0.0.0:")) {
                assertThatThrownBy(() -> pull(host + registry.port() + "/repo/image:v1", insecure))
                        .hasMessageContaining("certif")
                        .asInstanceOf(type(ImageException.class))
                        .returns(Reason.REGISTRY, ImageException::reason);
            }
        }
    }

    @Test
    void nobodyAtThatAddress() throws Exception {
        int port = RealRegistry.freePort();

        assertReason(Reason.REGISTRY, () -> pull("127.0.0.1:" + port + "/repo/image"));
    }
}
