package dev.redoubt.node.image;

import com.github.luben.zstd.ZstdInputStream;
import dev.redoubt.linux.Directory;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.ThreadMounts;
import dev.redoubt.linux.UserNamespace;
import dev.redoubt.node.image.unpack.Unpacker;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Starts the unpacking program where it can do no harm: ids of a range of its own, no network, no processes but its
 * own, no capability beyond writing files, and of all file systems only the JDK, our classes, the host's libraries
 * (read-only) and the one directory it writes to.
 *
 * <p>That directory is an idmapped mount, so what it writes as its root belongs to id 0 on the disk. The namespaces but
 * the user namespace are made before that is entered: its root owns none of them and can change none.
 */
final class UnpackSandbox {
    private static final int IDS = 65_536;
    private static final List<String> HOST_DIRECTORIES = List.of("usr", "lib", "lib64", "bin", "sbin");
    private static final List<String> DEVICES = List.of("null", "random", "urandom");

    /**
     * Runs as root in the new pid, net, ipc, uts and cgroup namespaces, in the skeleton. The old root must be visible
     * when /proc is mounted, and gone before the first byte of a stranger is read.
     */
    private static final String ENTER = """
            set -e
            ulimit -c 0
            mount -t proc -o nosuid,nodev,noexec proc proc
            mount --bind "$NAMESPACE" user
            unset NAMESPACE
            pivot_root . old
            cd /
            umount -l /old
            cd /target
            exec nsenter --user=/user \
                setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid \
                /jdk/bin/java "$@"
            """;

    private final int idBase;

    /** {@code idBase} is the first of the 65,536 ids of this machine that unpacking processes run with. */
    UnpackSandbox(int idBase) {
        this.idBase = idBase;
    }

    /**
     * Starts the program.
     *
     * @param skeleton an empty directory, mounted over for this process only
     * @param target where it may write; null when it has nothing to write
     */
    Process start(Path skeleton, @Nullable Path target, List<String> arguments) {
        CompletableFuture<Process> started = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("unpack-sandbox").start(() -> keep(skeleton, target, arguments, started));
        try {
            return started.get();
        } catch (ExecutionException failed) {
            throw new ImageException(
                    ImageException.Reason.UNPACK_FAILED,
                    "cannot build the unpacking sandbox: " + failed.getMessage(),
                    failed);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Reason.UNPACK_FAILED, "interrupted", asked);
        }
    }

    /**
     * Lives as long as the process: the kernel kills the process when the thread that started it ends (PR_SET_PDEATHSIG
     * counts threads), which is what we want when the JVM dies and only then.
     */
    private void keep(
            Path skeleton, @Nullable Path target, List<String> arguments, CompletableFuture<Process> started) {
        try (UserNamespace ids = userNamespace()) {
            ThreadMounts.detach();
            List<String> classPath = furnish(skeleton, target, ids);
            Process process = launch(skeleton, ids, command(classPath, arguments));
            started.complete(process);
            process.waitFor();
        } catch (IOException | LinuxException | URISyntaxException failed) {
            started.completeExceptionally(failed);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        } finally {
            // Does nothing when it has started: else whoever waits would wait for ever.
            started.completeExceptionally(new IllegalStateException("the thread ended before its process began"));
        }
    }

    /** Somebody with one thread has to stand in a new user namespace until its map is written. */
    private UserNamespace userNamespace() throws IOException {
        Process holder = new ProcessBuilder("unshare", "--user", "sh", "-c", "echo; read -r end")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (holder.getInputStream().read() != '\n') {
                throw new IOException("unshare --user failed: user namespaces are not allowed here");
            }
            return UserNamespace.map(holder.pid(), idBase, IDS);
        } finally {
            holder.destroyForcibly();
        }
    }

    /** @return the class path inside */
    private static List<String> furnish(Path skeleton, @Nullable Path target, UserNamespace ids)
            throws IOException, URISyntaxException {
        ThreadMounts.memory(skeleton, memoryOptions("0755", "1m"));
        for (String name : HOST_DIRECTORIES) {
            showHost(Path.of("/", name), skeleton.resolve(name));
        }
        Files.createDirectory(skeleton.resolve("dev"));
        for (String name : DEVICES) {
            Path device = Files.createFile(skeleton.resolve("dev").resolve(name));
            ThreadMounts.bindDevice(Path.of("/dev", name), device);
        }
        for (String name : List.of("proc", "old")) {
            Files.createDirectory(skeleton.resolve(name));
        }
        Files.createFile(skeleton.resolve("user"));
        // zstd-jni and the JVM write their libraries and files here; the program has no other place.
        ThreadMounts.memory(Files.createDirectory(skeleton.resolve("tmp")), memoryOptions("1777", "32m"));
        Path jdk = Files.createDirectory(skeleton.resolve("jdk"));
        ThreadMounts.bindReadOnly(Path.of(System.getProperty("java.home")), jdk, ids);
        Path place = Files.createDirectory(skeleton.resolve("target"));
        if (target != null) {
            ThreadMounts.bindWritable(target, place, ids);
        }
        return showClasses(skeleton, ids);
    }

    private static SequencedMap<String, String> memoryOptions(String mode, String size) {
        SequencedMap<String, String> options = new LinkedHashMap<>();
        options.put("mode", mode);
        options.put("size", size);
        options.put("nr_inodes", "100");
        return options;
    }

    private static void showHost(Path source, Path place) throws IOException {
        if (Files.isSymbolicLink(source)) {
            Files.createSymbolicLink(place, Files.readSymbolicLink(source));
        } else if (Files.isDirectory(source)) {
            ThreadMounts.bindReadOnly(source, Files.createDirectory(place));
        }
    }

    /** Only the parts of the class path that the program uses, wherever they come from. */
    private static List<String> showClasses(Path skeleton, UserNamespace ids) throws IOException, URISyntaxException {
        List<String> classPath = new ArrayList<>();
        Files.createDirectory(skeleton.resolve("app"));
        for (Class<?> part : List.of(Unpacker.class, Directory.class, ZstdInputStream.class)) {
            Path source = Path.of(
                    part.getProtectionDomain().getCodeSource().getLocation().toURI());
            String inside = "/app/" + classPath.size() + (Files.isDirectory(source) ? "" : ".jar");
            Path place = skeleton.resolve(inside.substring(1));
            ThreadMounts.bindReadOnly(
                    source, Files.isDirectory(source) ? Files.createDirectory(place) : Files.createFile(place), ids);
            classPath.add(inside);
        }
        return classPath;
    }

    private static List<String> command(List<String> classPath, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL"));
        command.addAll(List.of("unshare", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child"));
        command.addAll(List.of("sh", "-c", ENTER, "sh"));
        command.addAll(List.of("-XX:+UseSerialGC", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
        command.addAll(List.of("-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError", "-Djava.io.tmpdir=/tmp"));
        command.addAll(List.of("-XX:ErrorFile=/tmp/error.log", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("-cp", String.join(":", classPath), Unpacker.class.getName()));
        command.addAll(arguments);
        return command;
    }

    private static Process launch(Path skeleton, UserNamespace ids, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(skeleton.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("NAMESPACE", ids.path().toString());
        return builder.start();
    }
}
