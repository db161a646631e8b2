package dev.redoubt.node.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a formatting program of the host, from fixed places and with an empty environment. */
final class HostTool {
    private static final List<String> PLACES = List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin");

    private HostTool() {}

    static void run(Mechanism mechanism, List<String> command, String file) {
        List<String> words = new ArrayList<>(command);
        words.set(0, find(mechanism, command.getFirst()));
        words.add(file);
        try {
            ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
            builder.environment().clear();
            builder.environment().putAll(Map.of("PATH", String.join(":", PLACES), "LC_ALL", "C"));
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) {
                throw new DiskException(command.getFirst() + " ended with " + code + ": " + output.strip());
            }
        } catch (IOException refused) {
            throw new DiskException("running " + command.getFirst(), refused);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new DiskException("running " + command.getFirst(), stop);
        }
    }

    private static String find(Mechanism mechanism, String name) {
        return PLACES.stream()
                .map(place -> Path.of(place, name))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElseThrow(
                        () -> new MechanismMissingException(mechanism, "the program " + name + " is not installed"));
    }
}
