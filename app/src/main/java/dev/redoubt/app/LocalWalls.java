package dev.redoubt.app;

import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.data.DirectoryException;
import dev.redoubt.node.walls.report.NodeKey;
import dev.redoubt.node.walls.report.SignedReport;
import dev.redoubt.node.walls.report.VerifyingKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Signed reports and the key behind them. Every method answers an exit code. */
final class LocalWalls {
    private LocalWalls() {}

    static int key() {
        LocalRun.needsRoot("walls key");
        System.out.print(own().pem());
        return Exit.DONE;
    }

    static int verify(Path file, Optional<Path> key) {
        VerifyingKey believed = key.map(LocalWalls::read).orElseGet(LocalWalls::own);
        return switch (SignedReport.check(text(file), believed)) {
            case SignedReport.Checked.Genuine(var report) -> {
                System.out.println("genuine: signed with key " + believed.id());
                WallsTable.of(report).forEach(System.out::println);
                yield Exit.DONE;
            }
            case SignedReport.Checked.Refused(var reason) -> {
                Say.line("NOT GENUINE: " + reason);
                yield Exit.FAILED;
            }
        };
    }

    private static VerifyingKey read(Path file) {
        try {
            return VerifyingKey.parse(text(file));
        } catch (IllegalArgumentException none) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, file + ": " + none.getMessage());
        }
    }

    private static VerifyingKey own() {
        try {
            DataDirectory data = DataDirectory.open(Installation.library().dataDirectory());
            return new NodeKey(data.node().resolve(NodeKey.FILE)).verifyingKey();
        } catch (DirectoryException | NodeKey.KeyException unreadable) {
            throw new Refusal(
                    Refusal.Code.UNPROCESSABLE,
                    unreadable.getMessage() + "; --key names the public key of another node");
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, "cannot read " + file + ": " + unreadable.getMessage());
        }
    }
}
