package dev.redoubt.node.image;

import dev.redoubt.node.image.ImageException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** The built-in image: the host's static busybox and the few files that programs expect around it. */
final class Busybox {
    static final String NAME = "busybox";
    private static final List<Path> PLACES = List.of(Path.of("/usr/bin/busybox"), Path.of("/bin/busybox"));
    private static final int USER = 1000;
    private static final int PT_INTERP = 3;

    private Busybox() {}

    /** The binary to build from. */
    static Path binary() {
        return PLACES.stream()
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new ImageException(
                        Reason.HOST_LACKS, "there is no busybox on this host: install the package busybox-static"));
    }

    /** When the binary was made: the image is made again when it changes. */
    static Instant made(Path binary) {
        try {
            return Files.getLastModifiedTime(binary).toInstant();
        } catch (IOException cannot) {
            throw new ImageException(Reason.HOST_LACKS, "cannot read " + binary, cannot);
        }
    }

    static ImageConfig config() {
        return new ImageConfig(
                List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                List.of(),
                List.of("sh"),
                "user",
                "/home/user");
    }

    static byte[] archive(Path binary) {
        try {
            byte[] program = Files.readAllBytes(binary);
            if (!isStatic(program)) {
                throw new ImageException(
                        Reason.HOST_LACKS, binary + " is not static: install the package busybox-static");
            }
            TarWriter tar = new TarWriter();
            directories(tar);
            settings(tar);
            tar.file("bin/busybox", 0755, program);
            applets(binary).forEach(applet -> tar.symlink("bin/" + applet, "busybox"));
            return tar.archive();
        } catch (IOException cannot) {
            throw new ImageException(Reason.HOST_LACKS, "cannot read " + binary, cannot);
        }
    }

    private static void directories(TarWriter tar) {
        tar.directory(".", 0755, 0);
        for (String path : List.of("bin", "dev", "etc", "home", "mnt", "opt", "proc", "run", "sys", "usr", "var")) {
            tar.directory(path, 0755, 0);
        }
        for (String path : List.of("usr/lib", "usr/local", "usr/local/bin", "usr/local/sbin", "usr/share")) {
            tar.directory(path, 0755, 0);
        }
        for (String path : List.of("var/lib", "var/log", "var/cache")) {
            tar.directory(path, 0755, 0);
        }
        tar.directory("tmp", 01777, 0).directory("var/tmp", 01777, 0);
        tar.directory("root", 0700, 0).directory("home/user", 0755, USER);
        tar.symlink("sbin", "bin").symlink("usr/bin", "../bin").symlink("usr/sbin", "../bin");
    }

    private static void settings(TarWriter tar) {
        text(
                tar,
                "etc/passwd",
                "root:x:0:0:root:/root:/bin/sh",
                "user:x:1000:1000:user:/home/user:/bin/sh",
                "nobody:x:65534:65534:nobody:/nonexistent:/bin/false");
        text(tar, "etc/group", "root:x:0:", "user:x:1000:", "nogroup:x:65534:");
        text(tar, "etc/hosts", "127.0.0.1 localhost", "::1 localhost");
        text(tar, "etc/hostname", "sandbox");
        tar.file("etc/resolv.conf", 0644, new byte[0]);
    }

    private static void text(TarWriter tar, String path, String... lines) {
        tar.file(path, 0644, (String.join("\n", lines) + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** Asks the binary itself: its configuration decides. */
    private static List<String> applets(Path binary) throws IOException {
        Process list = new ProcessBuilder(binary.toString(), "--list")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String text = new String(list.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        return text.lines()
                .map(String::strip)
                .filter(name -> !name.isEmpty() && !name.equals(NAME))
                .sorted()
                .toList();
    }

    /** A dynamic program names its loader in a program header of type PT_INTERP, elf(5). */
    private static boolean isStatic(byte[] elf) {
        java.nio.ByteBuffer file = java.nio.ByteBuffer.wrap(elf).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        if (elf.length < 64 || file.getInt(0) != 0x464c457f || elf[4] != 2) {
            return false;
        }
        long headers = file.getLong(32);
        int size = Short.toUnsignedInt(file.getShort(54));
        int count = Short.toUnsignedInt(file.getShort(56));
        for (int at = 0; at < count; at++) {
            if (file.getInt((int) headers + at * size) == PT_INTERP) {
                return false;
            }
        }
        return true;
    }
}
