package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Directories by descriptor: no name leads out, no tree is too deep to remove, locks are per open file. */
class DirectoryTest {
    private Path scratch;
    private Directory directory;

    @BeforeEach
    void open() throws IOException {
        scratch = Files.createTempDirectory("redoubt-directory-test-");
        directory = Directory.open(scratch);
    }

    @AfterEach
    void remove() {
        directory.close();
        try (Directory parent = Directory.open(Objects.requireNonNull(scratch.getParent()))) {
            TreeRemoval.remove(parent, bytes(String.valueOf(scratch.getFileName())));
        }
        assertThat(scratch).doesNotExist();
    }

    private static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "/", "/etc", "../x"})
    void aNameIsASingleOne(String name) {
        assertThatThrownBy(() -> directory.makeDirectory(bytes(name))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> directory.removeFile(bytes(name))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aNulWouldCutAName() {
        assertThatThrownBy(() -> directory.makeDirectory(bytes("a\0b"))).isInstanceOf(IllegalArgumentException.class);
        assertThat(scratch).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", "/etc", "link", "link/inside", "d/../.."})
    void noPathLeadsOut(String path) {
        directory.makeSymlink(bytes("link"), bytes("/etc"));
        directory.makeDirectory(bytes("d"));
        // The control: the same call reaches what is inside.
        directory.child(bytes("d/.")).close();

        assertThatThrownBy(() -> directory.child(bytes(path)).close())
                .asInstanceOf(type(LinuxException.class))
                .extracting(LinuxException::errno)
                .isIn(Errno.EXDEV, Errno.ELOOP, Errno.ENOTDIR);
    }

    @Test
    void aFileIsReadThroughLinksInsideOnly() throws IOException {
        Files.writeString(scratch.resolve("file"), "text");
        directory.makeSymlink(bytes("in"), bytes("file"));
        directory.makeSymlink(bytes("out"), bytes("/etc/passwd"));
        directory.makeFifo(bytes("fifo"), 0600);

        try (FileInput file = directory.openFile(bytes("in"))) {
            assertThat(file.readAllBytes()).isEqualTo(bytes("text"));
        }
        assertThatThrownBy(() -> directory.openFile(bytes("out"))).isInstanceOf(LinuxException.class);
        assertThatThrownBy(() -> directory.openFile(bytes("fifo"))).isInstanceOf(LinuxException.class);
    }

    @Test
    void aWhiteoutIsToldFromADevice() {
        directory.makeWhiteout(bytes("gone"));

        assertThat(directory.status(bytes("gone")).map(EntryStatus::type)).contains(EntryStatus.Type.WHITEOUT);
        try (Directory dev = Directory.open(Path.of("/dev"))) {
            assertThat(dev.status(bytes("null")).map(EntryStatus::type)).contains(EntryStatus.Type.DEVICE);
        }
    }

    /** Deeper than a path can say (4096 bytes) and than descriptors would last. */
    @Test
    void aTreeOfAnyDepthIsRemoved() {
        Directory at = directory.again();
        for (int depth = 0; depth < 3_000; depth++) {
            at.makeDirectory(bytes("d\u00ff"));
            at.makeSymlink(bytes("l"), bytes("/etc"));
            Directory next = at.child(bytes("d\u00ff"));
            at.close();
            at = next;
        }
        at.close();

        TreeRemoval.remove(directory, bytes("d\u00ff"));
        TreeRemoval.remove(directory, bytes("not there"));

        assertThat(directory.status(bytes("d\u00ff"))).isEmpty();
        assertThat(Path.of("/etc/passwd")).exists();
    }

    @Test
    void locksExcludeEachOtherInOneProcessToo() throws IOException {
        Path file = scratch.resolve("lock");
        try (Flock held = Flock.tryShared(file).orElseThrow()) {
            assertThat(Flock.tryExclusive(file)).isEmpty();
            Optional<Flock> second = Flock.tryShared(file);
            assertThat(second).isPresent();
            second.ifPresent(Flock::close);
            assertThat(held.isOf(file)).isTrue();
            Files.delete(file);
            assertThat(held.isOf(file)).isFalse();
            Files.createFile(file);
            assertThat(held.isOf(file)).isFalse();
        }
        Flock.tryExclusive(file).orElseThrow().close();
    }
}
