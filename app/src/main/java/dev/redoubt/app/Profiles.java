package dev.redoubt.app;

import dev.redoubt.policy.profile.BuiltIns;
import dev.redoubt.policy.profile.Nearest;
import dev.redoubt.policy.profile.ProfileException;
import dev.redoubt.policy.profile.ProfileReader;
import dev.redoubt.protocol.Profile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Profiles by the names that people give on the command line: a built-in's, or a file's. */
final class Profiles {
    /** A hundred times the longest built-in one; a larger file is not read. */
    private static final int MOST_BYTES = 256 * 1024;

    private Profiles() {}

    /**
     * The profile of a name or a file.
     *
     * @throws Refusal when there is none, or it is wrong; with the first mistake and how many there are
     */
    static Profile named(String nameOrFile) {
        try {
            return read(nameOrFile);
        } catch (ProfileException wrong) {
            int more = wrong.complaints().size() - 1;
            throw new Refusal(
                    Refusal.Code.VALIDATION_ERROR,
                    wrong.complaints().getFirst()
                            + (more == 0 ? "" : " (and " + more + " more: redoubt profile check " + nameOrFile + ")"));
        }
    }

    /**
     * The same.
     *
     * @throws ProfileException with all mistakes of the first document that has one
     * @throws Refusal when there is no such profile, or it cannot be read
     */
    static Profile read(String nameOrFile) {
        if (!ProfileReader.isFile(nameOrFile)) {
            return BuiltIns.find(nameOrFile).orElseThrow(() -> unknown(nameOrFile));
        }
        Path file = path(nameOrFile);
        Path directory = Optional.ofNullable(file.getParent()).orElse(Path.of(""));
        String text = text(file, nameOrFile)
                .orElseThrow(() ->
                        new Refusal(Refusal.Code.NOT_FOUND, "--profile " + nameOrFile + ": there is no such file"));
        return ProfileReader.withFiles(name -> text(directory.resolve(name), name))
                .read(nameOrFile, text);
    }

    private static Refusal unknown(String name) {
        String hint = Nearest.to(name, BuiltIns.NAMES)
                .map(nearest -> "did you mean " + nearest + "?")
                .orElse("built in are " + String.join(", ", BuiltIns.NAMES) + "; a file is named with its .yaml");
        return new Refusal(Refusal.Code.VALIDATION_ERROR, "--profile " + name + ": there is no such profile; " + hint);
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException wrong) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, "--profile " + text + ": " + wrong.getReason());
        }
    }

    /** A pipe or a device is not read: it could be without end. */
    private static Optional<String> text(Path file, String shown) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        if (!Files.isRegularFile(file)) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, "--profile " + shown + ": not a regular file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new Refusal(
                        Refusal.Code.VALIDATION_ERROR,
                        "--profile " + shown + ": more than " + MOST_BYTES + " bytes; a profile has some hundreds");
            }
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException notText) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, "--profile " + shown + ": not UTF-8");
        } catch (IOException failed) {
            throw new Refusal(
                    Refusal.Code.VALIDATION_ERROR, "--profile " + shown + ": cannot be read: " + failed.getMessage());
        }
    }
}
