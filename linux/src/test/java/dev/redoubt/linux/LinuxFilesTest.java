package dev.redoubt.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LinuxFilesTest {
    @TempDir
    private Path temporary;

    @Test
    void makesAndRemovesAndSaysWhoWon() {
        String directory = temporary.resolve("directory").toString();
        assertThat(LinuxFiles.makeDirectory(directory, 0700)).isTrue();
        assertThat(LinuxFiles.makeDirectory(directory, 0700)).isFalse();
        assertThat(LinuxFiles.removeDirectory(directory)).isTrue();
        assertThat(LinuxFiles.removeDirectory(directory)).isFalse();
        String link = temporary.resolve("link").toString();
        assertThat(LinuxFiles.symlink("owner", link)).isTrue();
        assertThat(LinuxFiles.symlink("other", link)).isFalse();
        assertThat(LinuxFiles.status(link).isSymbolicLink()).isTrue();
        assertThat(LinuxFiles.removeFile(link)).isTrue();
        assertThat(LinuxFiles.removeFile(link)).isFalse();
    }

    @Test
    void refusalNamesCallErrnoAndSubject() {
        assertThatThrownBy(() -> LinuxFiles.open("/nowhere/at/all", LinuxFiles.O_RDONLY))
                .isInstanceOfSatisfying(LinuxException.class, refused -> {
                    assertThat(refused.errno()).isEqualTo(Errno.ENOENT);
                    assertThat(refused.subject()).isEqualTo("/nowhere/at/all");
                });
        assertThatThrownBy(() -> LinuxFiles.removeDirectory("/proc/self"))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("rmdir");
    }

    @Test
    void resolutionRulesHoldOnEveryStep() throws IOException {
        Files.createDirectory(temporary.resolve("inside"));
        Files.writeString(temporary.resolve("inside/file"), "text");
        Files.createSymbolicLink(temporary.resolve("out"), Path.of("/etc"));
        try (Fd directory = LinuxFiles.open(temporary.toString(), LinuxFiles.O_RDONLY | LinuxFiles.O_DIRECTORY)) {
            int beneath = LinuxFiles.RESOLVE_BENEATH;
            LinuxFiles.openAt(directory, "inside/file", LinuxFiles.O_RDONLY, 0, beneath)
                    .close();
            LinuxFiles.openAt(directory, "out/passwd", LinuxFiles.O_RDONLY, 0).close(); // control: the way is there
            assertThatThrownBy(() -> LinuxFiles.openAt(directory, "out/passwd", LinuxFiles.O_RDONLY, 0, beneath))
                    .isInstanceOf(LinuxException.class);
            assertThatThrownBy(() -> LinuxFiles.openAt(directory, "../x", LinuxFiles.O_RDONLY, 0, beneath))
                    .isInstanceOf(LinuxException.class);
            assertThatThrownBy(() ->
                            LinuxFiles.openAt(directory, "out", LinuxFiles.O_RDONLY, 0, LinuxFiles.RESOLVE_NO_SYMLINKS))
                    .isInstanceOfSatisfying(
                            LinuxException.class,
                            refused -> assertThat(refused.errno()).isEqualTo(Errno.ELOOP));
        }
    }

    @Test
    void lockIsHeldByOneAndSharedByDuplicates() {
        String path = temporary.resolve("lock").toString();
        int flags = LinuxFiles.O_RDWR | LinuxFiles.O_CREAT;
        Fd holder = LinuxFiles.open(path, flags, 0600);
        try (Fd other = LinuxFiles.open(path, flags, 0600)) {
            LinuxFiles.lock(holder);
            assertThat(LinuxFiles.tryLock(other)).isFalse();
            Fd duplicate = holder.duplicate();
            holder.close();
            assertThat(LinuxFiles.tryLock(other))
                    .as("the duplicate still has it")
                    .isFalse();
            duplicate.close();
            assertThat(LinuxFiles.tryLock(other)).isTrue();
        } finally {
            holder.close();
        }
    }

    @Test
    void smallFilesAreReadAndWrittenWhole() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "before");
        LinuxFiles.writeOnce(file.toString(), "after");
        assertThat(LinuxFiles.readOnce(file.toString())).isEqualTo("aftere"); // no truncation: cgroup files want none
        assertThat(LinuxFiles.status(file.toString()).size()).isEqualTo(6);
        assertThat(LinuxFiles.readOnce("/proc/self/cgroup"))
                .doesNotEndWith("\n")
                .isNotEmpty();
    }

    @Test
    void statusSaysWhatAFileIs() {
        assertThat(LinuxFiles.status("/dev/null").isCharacterDevice()).isTrue();
        assertThat(LinuxFiles.status("/dev/null").self()).isEqualTo(new Device(1, 3));
        assertThat(LinuxFiles.status("/proc").isDirectory()).isTrue();
        try (Fd root = LinuxFiles.open("/", LinuxFiles.O_PATH)) {
            assertThat(LinuxFiles.status(root)).isEqualTo(LinuxFiles.status("/"));
            assertThat(LinuxFiles.space(root).total())
                    .isGreaterThanOrEqualTo(LinuxFiles.space(root).available());
        }
    }
}
