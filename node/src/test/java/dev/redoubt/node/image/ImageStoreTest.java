package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.redoubt.node.Node;
import dev.redoubt.node.NodeOfTest;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.OciLayout.LayerBlob;
import dev.redoubt.node.image.unpack.Compression;
import dev.redoubt.node.image.unpack.RawTar;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Names, sharing, removal, and many at once. */
class ImageStoreTest {
    private Scratch scratch;
    private ImageStore store;

    @BeforeEach
    void openStore() throws IOException {
        scratch = new Scratch();
        store = Stores.open(scratch);
    }

    @AfterEach
    void removeStore() {
        scratch.close();
    }

    /** Two images on one lower layer; {@code two} has another on top. */
    private void importSharing() throws IOException {
        OciLayout one = new OciLayout(scratch.path("one"));
        LayerBlob shared = one.addLayer(root().archive(), Compression.NONE);
        one.addImage(Platform.host(), shared);
        store.importArchive(one.finish(false).directory(), "one", Stores.SILENT);
        OciLayout two = new OciLayout(scratch.path("two"));
        two.addImage(
                Platform.host(),
                two.addLayer(root().archive(), Compression.GZIP),
                two.addLayer(new RawTar().mode(0755).directory("opt").archive(), Compression.NONE));
        store.importArchive(two.finish(false).directory(), "two:v2", Stores.SILENT);
    }

    private static RawTar root() {
        return new RawTar().mode(0755).directory("etc").directory("usr");
    }

    private Image importRoot(String name, String content) {
        byte[] archive = root().file("etc/motd", content).archive();
        return store.importArchive(new ByteArrayInputStream(archive), name, Stores.SILENT);
    }

    private void assertReason(Reason reason, Runnable call) {
        assertThatThrownBy(call::run).asInstanceOf(type(ImageException.class)).returns(reason, ImageException::reason);
    }

    @Test
    void nobodyButRootReachesTheStore() throws IOException {
        assertThat(Files.getAttribute(scratch.path("images"), "unix:mode")).isEqualTo(040700);
    }

    @Test
    void isFoundByNameAndDigest() {
        Image image = importRoot("mine:v1", "x");

        assertThat(store.resolve("mine:v1")).isEqualTo(image);
        assertThat(store.resolve(image.digest().toString())).isEqualTo(image);
        assertThat(store.resolve(image.digest().hex().substring(0, 12))).isEqualTo(image);
        for (String none :
                List.of("mine", "mine:v2", image.digest().hex().substring(0, 11), "0123456789abcdef", "..")) {
            assertReason(Reason.NOT_FOUND, () -> store.resolve(none));
        }
    }

    @Test
    void aNameMovesToTheLaterImage() throws IOException {
        importRoot("mine", "old");
        Image later = importRoot("mine", "new");

        assertThat(store.resolve("mine")).isEqualTo(later);
        assertThat(store.list()).containsExactly(later);
    }

    @Test
    void layersAreSharedAndGoWithTheLastImage() throws IOException {
        importSharing();
        assertThat(Stores.layers(scratch)).hasSize(2);
        Layer shared = store.resolve("one").layers().getFirst();
        assertThat(store.resolve("two:v2").layers().getLast()).isEqualTo(shared);

        store.remove("one");

        assertThat(Stores.layers(scratch)).hasSize(2);
        assertThat(store.list()).extracting(Image::names).containsExactly(List.of("two:v2"));
        store.remove("two:v2");
        Stores.assertEmpty(scratch);
    }

    @Test
    void anImageInUseStays() throws IOException {
        Image image = importRoot("mine", "x");
        store.use("mine", "sbx_1");
        store.use("mine", "sbx_2");

        assertReason(Reason.IN_USE, () -> store.remove("mine"));
        assertThat(store.resolve("mine")).isEqualTo(image);
        store.release("sbx_1");
        assertReason(Reason.IN_USE, () -> store.remove(image.digest().toString()));
        assertThat(store.users()).containsExactly("sbx_2");
        store.release("sbx_2");
        store.remove("mine");
        Stores.assertEmpty(scratch);
    }

    /** A name that moves on must not take the layers away from below a sandbox. */
    @Test
    void anImageInUseOutlivesItsName() throws IOException {
        Image old = importRoot("mine", "old");
        store.use("mine", "sbx_1");
        importRoot("mine", "new");
        store.remove("mine");

        assertThat(old.layerDirectories().getFirst().resolve("etc/motd")).hasContent("old");
        assertThat(store.list()).extracting(Image::digest).containsExactly(old.digest());
        store.release("sbx_1");
        importRoot("other", "x");
        store.remove("other");
        Stores.assertEmpty(scratch);
    }

    private Path ref(String name) {
        return scratch.path("images/refs").resolve(Digest.of(name).hex());
    }

    private Path record(Image image) {
        return scratch.path("images/manifests").resolve(image.digest().hex());
    }

    /** A name as it was written once (without the name), one cut short, one under another file's name; a record in JSON. */
    @Test
    void whatAnotherVersionWroteIsPassedOverAndRefusedByName() throws IOException {
        Image good = importRoot("good", "x");
        Image old = importRoot("old", "y");
        importRoot("cut", "z");
        importRoot("json", "{");
        Image json = store.resolve("json");
        Files.writeString(ref("old"), old.digest() + "\n");
        Files.writeString(ref("cut"), Files.readString(ref("cut")).substring(0, 30));
        Files.copy(ref("good"), scratch.path("images/refs/by-another-rule"));
        Files.writeString(record(json), "{\"digest\": \"" + json.digest() + "\"}\n");

        assertThat(store.list()).containsExactly(good);
        assertThat(store.unreadable())
                .containsExactlyInAnyOrder(
                        ref("old").getFileName() + "", ref("cut").getFileName() + "", "by-another-rule", "json");
        assertThat(store.resolve("good")).isEqualTo(good);
        for (String name : List.of("old", "cut", "json")) {
            assertThatThrownBy(() -> store.resolve(name))
                    .asInstanceOf(type(ImageException.class))
                    .returns(Reason.STORE, ImageException::reason)
                    .extracting(ImageException::getMessage)
                    .asString()
                    .contains("another version", "remove it");
        }
        assertReason(Reason.NOT_FOUND, () -> store.resolve("other"));
    }

    @Test
    void whatCannotBeReadCanBeRemovedAndKeepsItsLayersUntilThen() throws IOException {
        Image good = importRoot("good", "x");
        Image old = importRoot("old", "y");
        importRoot("json", "{");
        Files.writeString(ref("old"), old.digest() + "\n");
        Files.writeString(record(store.resolve("json")), "{}\n");
        importRoot("last", "w");

        store.remove("last"); // which collects
        assertThat(Stores.layers(scratch)).as("whose it is cannot be known").hasSize(4);
        store.remove("old");
        assertThat(Stores.layers(scratch)).hasSize(4);
        store.remove("json");

        assertThat(store.unreadable()).isEmpty();
        assertThat(Stores.layers(scratch))
                .containsExactly(good.layers().getFirst().key().hex());
        assertThat(store.list()).containsExactly(good);
        assertReason(Reason.NOT_FOUND, () -> store.remove("old"));
        assertReason(Reason.NOT_FOUND, () -> store.remove("json"));
    }

    @Test
    void whatIsSaidToBeUnreadableIsWhatRemoveTakes() throws IOException {
        importRoot("old", "y");
        Files.writeString(ref("old"), "old\n");
        Files.writeString(scratch.path("images/refs/by-another-rule"), "x");
        Files.write(scratch.path("images/manifests/x.json"), new byte[] {(byte) 0xff});

        assertThat(store.unreadable()).containsExactly("by-another-rule", "old", "x.json");
        store.unreadable().forEach(store::remove);

        assertThat(store.unreadable()).isEmpty();
        Stores.assertEmpty(scratch);
    }

    @Test
    void anImportReplacesWhatCannotBeRead() throws IOException {
        importRoot("mine", "x");
        Files.writeString(ref("mine"), "");
        Image again = importRoot("mine", "y");
        assertThat(store.list()).containsExactly(again);
        assertThat(store.unreadable()).isEmpty();
    }

    @Test
    void ourOwnImageIsMadeAgainWhenItCannotBeRead() throws IOException {
        Image image = store.ensureBuiltIn("busybox");
        Files.writeString(ref("busybox"), image.digest() + "\n");
        assertThat(store.ensureBuiltIn("busybox")).isEqualTo(image);
        Files.writeString(record(image), "{}\n");
        assertThat(store.ensureBuiltIn("busybox")).isEqualTo(image);
        assertThat(store.unreadable()).isEmpty();
    }

    /** A name moves on below a sandbox, and what it has is not understood any more. */
    @Test
    void anImageInUseThatCannotBeReadKeepsItsLayers() throws IOException {
        Image used = importRoot("mine", "x");
        store.use("mine", "sbx_1");
        Files.writeString(record(used), "{}\n");
        assertReason(Reason.IN_USE, () -> store.remove("mine"));
        importRoot("other", "y");
        store.remove("other");
        assertThat(used.layerDirectories().getFirst().resolve("etc/motd")).hasContent("x");
    }

    @Test
    void removingWhatIsNotThereSaysSo() {
        assertReason(Reason.NOT_FOUND, () -> store.remove("nothing"));
    }

    @Test
    void busyboxRunsAndIsTheSameEverywhere() throws IOException {
        Image image = store.ensureBuiltIn("busybox");
        Path root = image.layerDirectories().getFirst();

        assertThat(scratch.sh(
                        "chroot \"$1\" /usr/bin/env sh -c 'id -un; ls -d /tmp; echo $((6 * 7))'", root.toString()))
                .isEqualTo("root\n/tmp\n42\n");
        assertThat(scratch.sh("stat -c '%u %g %a' \"$1\"/home/user \"$1\"/tmp", root.toString()))
                .isEqualTo("1000 1000 755\n0 0 1777\n");
        assertThat(image.config().user()).isEqualTo("user");
        assertThat(store.ensureBuiltIn("busybox")).isEqualTo(image);
        try (Scratch another = new Scratch()) {
            assertThat(Stores.open(another).ensureBuiltIn("busybox").digest()).isEqualTo(image.digest());
        }
        assertReason(Reason.NOT_FOUND, () -> store.ensureBuiltIn("base"));
    }

    @Test
    void manyThreadsDoTheSameAtOnce() throws Exception {
        byte[] archive = root().file("etc/motd", "x").archive();
        List<Callable<Image>> work = new ArrayList<>();
        for (int at = 0; at < 20; at++) {
            String owner = "sbx_" + at;
            work.add(() -> Stores.open(scratch).ensureBuiltIn("busybox"));
            work.add(() -> {
                Image used = store.ensureBuiltIn("busybox");
                store.use(used.digest().toString(), owner);
                store.release(owner);
                return used;
            });
        }
        for (int at = 0; at < 4; at++) {
            String name = "mine:" + at;
            work.add(() -> store.importArchive(new ByteArrayInputStream(archive), name, Stores.SILENT));
            work.add(() -> {
                Image gone = importRoot("gone:" + name.charAt(5), "y");
                store.remove("gone:" + name.charAt(5));
                return gone;
            });
        }

        try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
            for (Future<Image> done : threads.invokeAll(work)) {
                done.get(120, TimeUnit.SECONDS);
            }
        }

        assertThat(store.list()).hasSize(2);
        assertThat(store.resolve("mine:3").names()).containsExactly("mine:0", "mine:1", "mine:2", "mine:3");
        assertThat(Stores.layers(scratch)).hasSize(2);
        Stores.assertNoLeftovers(scratch);
    }

    @Test
    void manyProcessesMakeBusyboxAtOnce() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int at = 0; at < 8; at++) {
            processes.add(StoreProcess.start(scratch, "busybox"));
        }
        Set<String> answers = new HashSet<>();
        for (Process process : processes) {
            answers.add(new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }

        assertThat(answers)
                .containsExactly(store.resolve("busybox").layers().getFirst().key() + "\n");
        Stores.assertNoLeftovers(scratch);
    }

    @Test
    void whatAKilledImportLeftIsSweptAndNothingElse() throws Exception {
        Image kept = importRoot("kept", "x");
        Process killed = StoreProcess.start(scratch, "import", "killed");
        List<ProcessHandle> family;
        try (OutputStream archive = killed.getOutputStream()) {
            archive.write(root().file("usr/big", "x".repeat(500_000)).unfinished());
            archive.flush();
            Path tmp = scratch.path("images/tmp");
            await(() -> scratch.sh("find \"$1\" -name big", tmp.toString()).contains("usr/big"));
            family = killed.toHandle().descendants().toList();
            assertThat(family).isNotEmpty();
            // While it lives, nobody sweeps it.
            Stores.open(scratch);
            assertThat(scratch.sh("find \"$1\" -name big", tmp.toString())).contains("usr/big");

            killed.destroyForcibly().waitFor();
        }
        await(() -> family.stream().noneMatch(ProcessHandle::isAlive));

        ImageStore next = Stores.open(scratch);

        Stores.assertNoLeftovers(scratch);
        assertThat(next.list()).containsExactly(kept);
        assertThat(kept.layerDirectories().getFirst().resolve("etc/motd")).hasContent("x");
        assertThat(scratch.sh("cat /proc/mounts")).doesNotContain(scratch.path().toString());
        // Its sandbox's processes ended with it; the names that it had fall to the next node.
        Node.open(NodeOfTest.settings(scratch.path())).close();
        Stores.assertNoSandboxes(scratch);
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        Instant end = Instant.now().plus(Duration.ofSeconds(30));
        while (!condition.call()) {
            assertThat(Instant.now()).isBefore(end);
            Thread.sleep(20);
        }
    }

    @Test
    void aFullDiskIsSaidAndLeavesNothing() throws Exception {
        Path disk = scratch.make("disk");
        scratch.sh("mount -t tmpfs -o size=1m tmpfs \"$1\"", disk.toString());
        try {
            ImageStore small = Stores.open(scratch, disk.resolve("images"));
            byte[] big = root().file("usr/big", "x".repeat(2_000_000)).archive();

            assertReason(
                    Reason.STORAGE_FULL,
                    () -> small.importArchive(new ByteArrayInputStream(big), "big", Stores.SILENT));
            assertReason(Reason.STORAGE_FULL, () -> small.ensureBuiltIn("busybox"));
            assertThat(Stores.names(disk.resolve("images/tmp"))).containsExactly("blobs");
            byte[] fits = root().archive();
            assertThat(small.importArchive(new ByteArrayInputStream(fits), "fits", Stores.SILENT)
                            .layers())
                    .hasSize(1);
        } finally {
            scratch.sh("umount \"$1\"", disk.toString());
        }
    }
}
