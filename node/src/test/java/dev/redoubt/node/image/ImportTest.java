package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.redoubt.linux.Directory;
import dev.redoubt.node.image.ImageException.Reason;
import dev.redoubt.node.image.OciLayout.LayerBlob;
import dev.redoubt.node.image.unpack.Compression;
import dev.redoubt.node.image.unpack.Limits;
import dev.redoubt.node.image.unpack.RawTar;
import dev.redoubt.node.image.unpack.Refusal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives of every kind, through the real sandbox, into the store. */
class ImportTest {
    private static final Platform HOST = Platform.host();
    private Scratch scratch;
    private ImageStore store;

    @BeforeEach
    void openStore() throws IOException {
        scratch = new Scratch();
        store = Stores.open(scratch);
    }

    @AfterEach
    void removeStore() throws IOException {
        try (Scratch _ = scratch) {
            Stores.assertNoSandboxes(scratch);
        }
    }

    private static RawTar root() {
        return new RawTar()
                .mode(0755)
                .directory("etc")
                .directory("usr")
                .mode(0644)
                .file("etc/motd", "hello");
    }

    private Image importBytes(byte[] archive, String name) {
        return store.importArchive(new ByteArrayInputStream(archive), name, Stores.SILENT);
    }

    @ParameterizedTest
    @EnumSource(names = {"NONE", "GZIP", "ZSTD"})
    void aRootFileSystemHowEverItIsCompressed(Compression compression) throws IOException {
        byte[] tar = root().owner(65_535, 1)
                .mode(04755)
                .file("usr/setuid\u00ff", "x")
                .archive();

        Image image = importBytes(OciLayout.compress(tar, compression), "mine");

        assertThat(image.layers()).hasSize(1);
        assertThat(image.layers().getFirst().diffId()).isEqualTo(Digest.of(tar));
        assertThat(image.names()).containsExactly("mine");
        assertThat(image.size()).isEqualTo(6);
        // On the disk the ids are those of the archive, although another range wrote them.
        try (Directory usr = Directory.open(image.layerDirectories().getFirst().resolve("usr"))) {
            var status = usr.status("setuid\u00ff".getBytes(StandardCharsets.ISO_8859_1))
                    .orElseThrow();
            assertThat(List.of(status.uid(), status.gid(), status.mode())).containsExactly(65_535, 1, 04755);
        }
        assertThat(store.resolve("mine")).isEqualTo(image);
        Stores.assertNoLeftovers(scratch);
    }

    /** Lazily pulled images are gzip members one after the other; a pipe makes their borders visible. */
    @Test
    void gzipOfManyMembersFromASlowPipe() throws IOException {
        byte[] tar = root().file("usr/a", "x".repeat(5000)).archive();
        PipedOutputStream writer = new PipedOutputStream();
        PipedInputStream reader = new PipedInputStream(writer, 512);
        Thread.ofVirtual().start(() -> {
            try (writer) {
                for (int at = 0; at < tar.length; at += 512) {
                    writer.write(OciLayout.compress(java.util.Arrays.copyOfRange(tar, at, at + 512), Compression.GZIP));
                }
            } catch (IOException gone) {
                throw new AssertionError(gone);
            }
        });

        Image image = store.importArchive(reader, "members", Stores.SILENT);

        assertThat(image.layers().getFirst().diffId()).isEqualTo(Digest.of(tar));
    }

    @Test
    void aDockerArchiveMadeBySkopeo() throws IOException {
        umociLayout();
        scratch.sh("skopeo --insecure-policy copy -q oci:layout:v1 docker-archive:image.tar:x/y:v1");

        Image image = store.importArchive(scratch.path("image.tar"), "x/y:v1", Stores.SILENT);

        assertUmoci(image);
        assertThat(image.source()).contains("docker-archive");
    }

    @ParameterizedTest
    @ValueSource(strings = {"directory", "tar", "gzip"})
    void anOciLayoutMadeByUmoci(String form) throws IOException {
        umociLayout();
        scratch.sh("tar -C layout -cf layout.tar . && gzip -k layout.tar");
        Path archive = scratch.path(
                switch (form) {
                    case "directory" -> "layout";
                    case "tar" -> "layout.tar";
                    default -> "layout.tar.gz";
                });

        Image image = store.importArchive(archive, "x/y:v1", Stores.SILENT);

        assertUmoci(image);
        Stores.assertNoLeftovers(scratch);
    }

    private void umociLayout() throws IOException {
        Files.write(scratch.path("1.tar"), root().file("usr/old", "x").archive());
        Files.write(
                scratch.path("2.tar"),
                new RawTar().mode(0755).directory("usr").file("usr/.wh.old", "").archive());
        scratch.sh("umoci init --layout layout && umoci new --image layout:v1");
        scratch.sh("umoci raw add-layer --image layout:v1 1.tar && umoci raw add-layer --image layout:v1 2.tar");
        scratch.sh(
                "umoci config --image layout:v1 --config.env 'A=b c' --config.cmd sh --config.user 7 --config.workingdir /w");
        scratch.sh("umoci gc --layout layout");
    }

    private void assertUmoci(Image image) throws IOException {
        assertThat(image.layers().stream().map(Layer::diffId))
                .containsExactly(
                        Digest.of(Files.readAllBytes(scratch.path("2.tar"))),
                        Digest.of(Files.readAllBytes(scratch.path("1.tar"))));
        assertThat(image.config().environment()).containsExactly("A=b c");
        assertThat(image.config().command()).containsExactly("sh");
        assertThat(image.config().user()).isEqualTo("7");
        assertThat(image.config().workingDirectory()).isEqualTo("/w");
        Overlay overlay = Overlay.of(image.layerDirectories());
        assertThat(overlay.find("etc/motd")).isPresent();
        assertThat(overlay.find("usr/old")).isEmpty();
    }

    @Test
    void everythingThatTheConfigurationSaysIsKept() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        Digest digest = layout.addImage(HOST, layout.addLayer(root().archive(), Compression.GZIP));
        layout.finish(true);

        Image image = store.importArchive(layout.directory(), "conf", Stores.SILENT);

        assertThat(image.digest()).isEqualTo(digest);
        assertThat(image.created()).isEqualTo(Instant.parse("2024-01-02T03:04:05.678Z"));
        assertThat(image.config())
                .isEqualTo(
                        new ImageConfig(List.of("A=b c", "B=\n\\"), List.of("/e"), List.of("sh", "-c"), "7:8", "/w"));
    }

    @Test
    void theImageForThisPlatformIsTaken() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        layout.addImage(new Platform("linux", "s390x", ""), layout.addLayer(new byte[1024], Compression.NONE));
        Digest ours = layout.addImage(HOST, layout.addLayer(root().archive(), Compression.NONE));
        layout.finish(false);

        assertThat(store.importArchive(layout.directory(), "multi", Stores.SILENT)
                        .digest())
                .isEqualTo(ours);
    }

    @Test
    void anotherPlatformIsRefusedAndNamed() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        layout.addImage(new Platform("linux", "s390x", ""), layout.addLayer(root().archive(), Compression.NONE));
        layout.finish(false);

        assertThatThrownBy(() -> store.importArchive(layout.directory(), "other", Stores.SILENT))
                .hasMessageContaining("linux/s390x")
                .hasMessageContaining(HOST.toString())
                .asInstanceOf(type(ImageException.class))
                .returns(Reason.WRONG_PLATFORM, ImageException::reason);
        Stores.assertEmpty(scratch);
    }

    @Test
    void aBlobThatIsNotWhatItsNameSaysIsRefused() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        LayerBlob layer = layout.addLayer(root().archive(), Compression.NONE);
        layout.addImage(HOST, layer);
        layout.finish(false);
        Files.write(layout.blob(layer.digest()), root().file("usr/evil", "x").archive());

        assertReason(Reason.WRONG_DIGEST, layout);
    }

    @Test
    void aLayerThatIsNotWhatTheConfigurationSaysIsRefused() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        LayerBlob layer = layout.addLayer(root().archive(), Compression.GZIP);
        layout.addImage(HOST, List.of(layer), List.of(Digest.of("another")));
        layout.finish(false);

        assertReason(Reason.WRONG_DIGEST, layout);
    }

    private void assertReason(Reason reason, OciLayout layout) throws IOException {
        assertThatThrownBy(() -> store.importArchive(layout.directory(), "bad", Stores.SILENT))
                .asInstanceOf(type(ImageException.class))
                .returns(reason, ImageException::reason);
        Stores.assertEmpty(scratch);
    }

    /** In an archive, a blob may be a link: to a file of the archive, never to one of this machine. */
    @Test
    void partsThatAreLinksOutOfTheArchiveAreRefused() throws IOException {
        String manifest = "[{\"Config\":\"c.json\",\"Layers\":[],\"RepoTags\":[]}]";
        byte[] attack = new RawTar()
                .symlink("c.json", "/etc/passwd")
                .file("manifest.json", manifest)
                .archive();

        assertThatThrownBy(() -> importBytes(attack, "bad"))
                .asInstanceOf(type(ImageException.class))
                .returns(Reason.BAD_IMAGE, ImageException::reason);
        Stores.assertEmpty(scratch);
    }

    @Test
    void hostileArchivesLeaveNothingBehind() throws IOException {
        byte[] attack = root().file("usr/fine", "x")
                .symlink("l", "/etc")
                .file("l/cron.d", "x")
                .archive();

        assertRefused(Refusal.THROUGH_SYMLINK, attack);
        assertRefused(
                Refusal.DEVICE, root().entry('3', "dev\n\u001b[2J", "", "").archive());
        assertRefused(Refusal.CORRUPT, java.util.Arrays.copyOf(OciLayout.compress(attack, Compression.GZIP), 60));
        assertRefused(Refusal.NOT_AN_ARCHIVE, new byte[0]);
        assertThatThrownBy(() -> importBytes(new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0, 0, 0}, "bad"))
                .hasMessageContaining("xz");
        Stores.assertEmpty(scratch);
    }

    private void assertRefused(Refusal refusal, byte[] archive) {
        assertThatThrownBy(() -> importBytes(archive, "bad"))
                .asInstanceOf(type(ArchiveRefused.class))
                .returns(refusal, ArchiveRefused::refusal)
                .satisfies(refused ->
                        assertThat(String.valueOf(refused.getMessage())).matches("[ -~]*"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"proc", "sys", "dev", "tmp", "run"})
    void aLinkWhereAFileSystemIsMountedIsRefused(String mountPoint) throws IOException {
        assertRefused(Refusal.MOUNT_POINT, root().symlink(mountPoint, "/").archive());
        Stores.assertEmpty(scratch);
    }

    @Test
    void aLinkWhereAFileSystemIsMountedIsSeenThroughLayers() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        LayerBlob link = layout.addLayer(root().symlink("tmp", "/etc").archive(), Compression.NONE);
        LayerBlob mended =
                layout.addLayer(new RawTar().mode(01777).directory("tmp").archive(), Compression.NONE);
        layout.addImage(HOST, link, mended);
        layout.finish(false);
        assertThat(store.importArchive(layout.directory(), "mended", Stores.SILENT)
                        .layers())
                .hasSize(2);

        OciLayout reversed = new OciLayout(scratch.path("reversed"));
        reversed.addImage(
                HOST,
                reversed.addLayer(root().directory("tmp").archive(), Compression.NONE),
                reversed.addLayer(new RawTar().symlink("tmp", "/etc").archive(), Compression.NONE));
        reversed.finish(false);
        assertThatThrownBy(() -> store.importArchive(reversed.directory(), "reversed", Stores.SILENT))
                .asInstanceOf(type(ArchiveRefused.class))
                .returns(Refusal.MOUNT_POINT, ArchiveRefused::refusal);
    }

    /** 200 MiB of zeros are 200 KiB of gzip. */
    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void aDecompressionBombIsRefused(Compression compression) throws IOException {
        scratch.sh("{ head -c 200M /dev/zero; } | " + (compression == Compression.GZIP ? "gzip -1" : "zstd -q")
                + " >bomb");

        assertThatThrownBy(() -> store.importArchive(scratch.path("bomb"), "bomb", Stores.SILENT))
                .asInstanceOf(type(ArchiveRefused.class))
                .returns(Refusal.BOMB, ArchiveRefused::refusal);
        Stores.assertEmpty(scratch);
    }

    @Test
    void limitsHoldInTheSandbox() throws IOException {
        ImageStore small = Stores.open(scratch, new Limits(100_000, 10, 200));
        byte[] big = root().file("usr/big", "x".repeat(100_000)).archive();
        byte[] fits = root().file("usr/big", "x".repeat(50_000)).archive();

        assertThatThrownBy(() -> small.importArchive(new ByteArrayInputStream(big), "big", Stores.SILENT))
                .asInstanceOf(type(ArchiveRefused.class))
                .returns(Refusal.TOO_BIG, ArchiveRefused::refusal);
        assertThat(small.importArchive(new ByteArrayInputStream(fits), "fits", Stores.SILENT)
                        .size())
                .isEqualTo(50_005);
    }

    @Test
    void directoriesThatALayerLeavesOutLookAsBelow() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        LayerBlob below = layout.addLayer(
                root().mode(01777)
                        .directory("tmp")
                        .owner(7, 8)
                        .mode(0710)
                        .directory("usr/secret")
                        .archive(),
                Compression.NONE);
        LayerBlob above = layout.addLayer(
                new RawTar().file("tmp/a", "x").file("usr/secret/deep/b", "x").archive(), Compression.NONE);
        layout.addImage(HOST, below, above);
        layout.finish(false);

        Image image = store.importArchive(layout.directory(), "implicit", Stores.SILENT);

        Overlay overlay = Overlay.of(image.layerDirectories());
        assertThat(overlay.find("tmp").orElseThrow().mode()).isEqualTo(01777);
        assertThat(overlay.find("usr/secret").orElseThrow().uid()).isEqualTo(7);
        assertThat(overlay.find("usr/secret").orElseThrow().mode()).isEqualTo(0710);
        assertThat(overlay.find("usr/secret/deep").orElseThrow().mode()).isEqualTo(0755);
        assertThat(image.layers().getFirst().key()).isNotEqualTo(above.diffId());
    }

    @Test
    void aLayerThatWritesThroughALinkOfALowerLayerIsRefused() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        LayerBlob below = layout.addLayer(root().symlink("bin", "usr/bin").archive(), Compression.NONE);
        layout.addImage(
                HOST, below, layout.addLayer(new RawTar().file("bin/x", "").archive(), Compression.NONE));
        layout.finish(false);

        assertThatThrownBy(() -> store.importArchive(layout.directory(), "through", Stores.SILENT))
                .asInstanceOf(type(ArchiveRefused.class))
                .returns(Refusal.THROUGH_SYMLINK, ArchiveRefused::refusal);
    }

    @Test
    void anOpaqueRootHidesAllLayersBelow() throws IOException {
        OciLayout layout = new OciLayout(scratch.path("layout"));
        LayerBlob below = layout.addLayer(root().archive(), Compression.NONE);
        LayerBlob above = layout.addLayer(
                new RawTar()
                        .directory("./")
                        .file(".wh..wh..opq", "")
                        .file("only", "x")
                        .archive(),
                Compression.NONE);
        layout.addImage(HOST, below, above);
        layout.finish(false);

        Image image = store.importArchive(layout.directory(), "opaque", Stores.SILENT);

        assertThat(image.layers().stream().map(Layer::diffId)).containsExactly(above.diffId());
    }

    /** Somebody could take it for another image's. */
    private static final String DIGEST = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "busybox",
                "base",
                "",
                "Upper",
                "a b",
                "../x",
                "a@b",
                "/a",
                "a/",
                "-a",
                "0123456789ab",
                DIGEST,
                "sha256:" + DIGEST
            })
    void namesThatAreNoneAreRefused(String name) throws IOException {
        assertThatThrownBy(() -> importBytes(root().archive(), name))
                .asInstanceOf(type(ImageException.class))
                .returns(Reason.BAD_NAME, ImageException::reason);
        Stores.assertEmpty(scratch);
    }
}
