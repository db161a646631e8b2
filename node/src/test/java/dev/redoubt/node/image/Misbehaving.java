package dev.redoubt.node.image;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

/**
 * What an unpacker would do that its input has taken over. Its arguments are those of the unpacker and mean nothing; what
 * to do it reads from standard input, a word and its argument. Runs inside the sandbox and, as the control, outside.
 */
final class Misbehaving {
    private static final int SYS_PAUSE = 34;
    private static final int SYS_FORK = 57;
    private static final int SYS_KILL = 62;
    private static final int SYS_EXECVE = 59;
    private static final int SYS_MKNODAT = 259;
    private static final int SYS_MEMFD_CREATE = 319;
    private static final int AT_FDCWD = -100;
    private static final int S_IFCHR = 0x2000;
    private static final long MIB = 1 << 20;

    private Misbehaving() {}

    public static void main(String[] arguments) throws Throwable {
        Scanner orders = new Scanner(System.in, StandardCharsets.UTF_8);
        String order = orders.next();
        String argument = orders.next();
        PrintStream out = new PrintStream(new FileOutputStream(java.io.FileDescriptor.out), true);
        switch (order) {
            case "read" -> out.println(Files.readAllBytes(Path.of(argument)).length > 0 ? "done" : "empty");
            case "list" -> out.println(String.join(" ", names(Path.of(argument))));
            case "write" -> out.println(Files.writeString(Path.of(argument), "x") == null ? "" : "done");
            case "read-back" -> out.println(readBack(Path.of(argument)));
            case "execute" -> out.println(execute(Path.of(argument)));
            case "connect" -> out.println(connect(Integer.parseInt(argument)));
            case "memory-file" -> out.println(memoryFile(argument));
            case "device" -> out.println(node(argument, S_IFCHR, 0x103));
            case "whiteout" -> out.println(node(argument, S_IFCHR, 0));
            case "fork" -> out.println(fork(Integer.parseInt(argument)));
            case "threads" -> out.println(threads(Integer.parseInt(argument)));
            case "eat" -> out.println(eat(Integer.parseInt(argument)));
            case "fill" -> fill(Path.of(argument));
            case "sleep" -> Thread.sleep(Long.MAX_VALUE);
            case "chatter" -> chatter(argument.equals("out") ? out : System.err);
            case "linger" -> linger(Path.of(argument), out);
            case "trickle" -> trickle(Path.of(argument));
            default -> throw new IllegalArgumentException(order);
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (var all = Files.list(directory)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static String readBack(Path file) throws IOException {
        Files.writeString(file, "done");
        return Files.readString(file);
    }

    private static int execute(Path place) throws IOException {
        Files.write(place, new byte[] {'#', '!', '/', 'n', 'o', 'n', 'e', '\n'});
        Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwx------"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom(place.toString());
            MemorySegment none = arena.allocate(8);
            // Never succeeds: there is no such interpreter. The error says who refused.
            return errno(SYS_EXECVE, path.address(), none.address(), none.address(), 0);
        }
    }

    private static String connect(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected() ? "done" : "not connected";
        } catch (IOException refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    private static int node(String path, int mode, int device) {
        try (Arena arena = Arena.ofConfined()) {
            return errno(SYS_MKNODAT, AT_FDCWD, arena.allocateFrom(path).address(), mode | 0600, device);
        }
    }

    private static int memoryFile(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return errno(SYS_MEMFD_CREATE, arena.allocateFrom(name).address(), 0, 0, 0);
        }
    }

    /** Processes that do nothing; told apart from this one by the answer 0. */
    private static String fork(int most) {
        List<Long> children = new ArrayList<>();
        while (children.size() < most) {
            long pid = call(SYS_FORK, 0, 0, 0);
            if (pid == 0) {
                call(SYS_PAUSE, 0, 0, 0);
                Runtime.getRuntime().halt(0);
            }
            if (pid < 0) {
                break;
            }
            children.add(pid);
        }
        children.forEach(child -> call(SYS_KILL, child, 9, 0));
        return Integer.toString(children.size());
    }

    private static String threads(int most) {
        int made = 0;
        try {
            while (made < most) {
                Thread thread = new Thread(() -> call(SYS_PAUSE, 0, 0, 0));
                thread.setDaemon(true);
                thread.start();
                made++;
            }
        } catch (OutOfMemoryError noMoreThreads) {
            return Integer.toString(made);
        }
        return Integer.toString(made);
    }

    /** Beside the heap, whose size Java itself limits. */
    private static String eat(int mebibytes) {
        Arena arena = Arena.global();
        for (int at = 0; at < mebibytes; at++) {
            arena.allocate(MIB).fill((byte) 1);
        }
        return "done";
    }

    private static void fill(Path directory) throws IOException {
        byte[] block = new byte[(int) MIB];
        for (int at = 0; ; at++) {
            Files.write(directory.resolve("f" + at), block);
        }
    }

    private static void chatter(PrintStream stream) {
        byte[] line = "x".repeat(65_536).getBytes(StandardCharsets.US_ASCII);
        while (true) {
            stream.write(line, 0, line.length);
        }
    }

    /** Says that all is done, and leaves somebody behind who goes on writing. */
    private static void linger(Path directory, PrintStream out) throws IOException, InterruptedException {
        Process behind = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-Xmx32m",
                        "-XX:+UseSerialGC",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Misbehaving.class.getName())
                .start();
        behind.getOutputStream().write(("trickle " + directory + "\n").getBytes(StandardCharsets.UTF_8));
        behind.getOutputStream().close();
        while (names(directory).isEmpty()) {
            Thread.sleep(5);
        }
        out.print("done 0 0\n");
        out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void trickle(Path directory) throws IOException, InterruptedException {
        for (int at = 0; ; at++) {
            Files.createFile(directory.resolve("late" + at));
            Thread.sleep(1);
        }
    }

    private static final MethodHandle SYSCALL = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().find("syscall").orElseThrow(),
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG),
                    Linker.Option.firstVariadicArg(1),
                    Linker.Option.captureCallState("errno"));

    private static long call(long number, long first, long second, long third) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            return (long) SYSCALL.invokeExact(state, number, first, second, third, 0L);
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** 0 when it succeeds. */
    private static int errno(long number, long first, long second, long third, long fourth) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            long result = (long) SYSCALL.invokeExact(state, number, first, second, third, fourth);
            return result < 0 ? state.get(ValueLayout.JAVA_INT, 0) : 0;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }
}
