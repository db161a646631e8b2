package dev.redoubt.node.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.UnixListener;
import dev.redoubt.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs as root, as the node does. */
class RunDirectoryTest {
    private static final int NOBODY = 65_534;

    @TempDir
    private Path temporary;

    @Test
    void isMadeClosedAndTakenAsItIs() throws IOException {
        Path path = temporary.resolve("run");
        assertThat(RunDirectory.existing(path)).isEmpty();
        assertThat(path).as("a client makes none").doesNotExist();
        RunDirectory.open(path);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rwx------");
        assertThat(RunDirectory.open(path).path()).isEqualTo(path);
        assertThat(RunDirectory.existing(path)).isPresent();
    }

    /** Whoever could write there could be the daemon. */
    @Test
    void oneThatOthersCouldUseIsRefused() throws IOException {
        Path open = Files.createDirectory(temporary.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        refused(open, "is open to other users", "chmod 0700 " + open);

        Path foreign = Files.createDirectory(temporary.resolve("foreign"));
        Files.setPosixFilePermissions(foreign, PosixFilePermissions.fromString("rwx------"));
        assertThat(RunDirectory.existing(foreign)).as("control").isPresent();
        Files.setAttribute(foreign, "unix:uid", NOBODY);
        refused(foreign, "belongs to user " + NOBODY, "chown");

        Path link = Files.createSymbolicLink(temporary.resolve("link"), temporary);
        refused(link, "is not a directory", "move it away");
        refused(Path.of("relative"), "is not an absolute path", "write it from / on");
    }

    /** The longest that is taken has room for the longest name. */
    @Test
    void oneWhoseSocketsWouldHaveNoAddressIsRefused() {
        Path longest = temporary.resolve("x".repeat(85 - temporary.toString().length() - 1));
        RunDirectory run = RunDirectory.open(longest);
        UnixListener.bind(run.socketOf("0123456789abcdef")).close();
        run.remove("0123456789abcdef");
        assertThat(longest).isEmptyDirectory();
        refused(longest.resolveSibling(longest.getFileName() + "x"), "has a name of 86 bytes", "REDOUBT_RUN_DIR");
        refused(temporary.resolve("x".repeat(300)), "bytes", "REDOUBT_RUN_DIR");
    }

    private static void refused(Path path, String problem, String remedy) {
        assertThatThrownBy(() -> RunDirectory.open(path))
                .isInstanceOf(DirectoryException.class)
                .hasMessageContainingAll("run directory " + path, problem, remedy);
        assertThatThrownBy(() -> RunDirectory.existing(path)).isInstanceOf(DirectoryException.class);
    }

    @Test
    void oneDaemonListensAndADeadOnesSocketIsReplaced() {
        RunDirectory run = RunDirectory.open(temporary.resolve("run"));
        UnixListener first = run.listen().orElseThrow();
        assertThat(run.listen()).as("a second").isEmpty();
        run.removeDeadDaemonsSocket();
        UnixSocket.connect(run.daemonSocket()).close();

        first.close(); // as a killed one leaves it
        assertThat(run.daemonSocket()).exists();
        assertThatThrownBy(() -> UnixSocket.connect(run.daemonSocket())).isInstanceOf(LinuxException.class);
        try (UnixListener second = run.listen().orElseThrow()) {
            UnixSocket.connect(second.path()).close();
        }
        run.removeDeadDaemonsSocket();
        assertThat(run.path()).isEmptyDirectory();
    }
}
