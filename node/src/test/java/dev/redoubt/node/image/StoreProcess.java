package dev.redoubt.node.image;

import dev.redoubt.node.NodeOfTest;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A process of its own on a store: {@code busybox}, or {@code import NAME} from standard input. Prints the layer. */
final class StoreProcess {
    private StoreProcess() {}

    static Process start(Scratch scratch, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-Dredoubt.native=" + System.getProperty("redoubt.native"),
                "-cp",
                System.getProperty("java.class.path"),
                StoreProcess.class.getName(),
                scratch.path().toString()));
        command.addAll(List.of(words));
        return scratch.start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT));
    }

    public static void main(String[] words) {
        Path scratch = Path.of(words[0]);
        ImageStore store =
                ImageStore.open(scratch.resolve("images"), ShortNames.CONVENTION, NodeOfTest.sandboxes(scratch));
        Image image = words[1].equals("busybox")
                ? store.ensureBuiltIn("busybox")
                : store.importArchive(new FileInputStream(FileDescriptor.in), words[2], Stores.SILENT);
        System.out.println(image.layers().getFirst().key());
    }
}
