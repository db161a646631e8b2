package dev.redoubt.node.walls.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.protocol.SandboxId;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class SignedReportTest {
    @TempDir
    Path directory;

    private NodeKey key() {
        return new NodeKey(directory.resolve(NodeKey.FILE));
    }

    private static WallsReport report() {
        Finding finding = new Finding("guest", "name \u001b[31m\n\u20ac", "\"1\"", "2", Verdict.WEAKER, Proof.READ);
        return new WallsReport(
                SandboxId.random(),
                Instant.EPOCH.plusNanos(1_234_567_890),
                "native",
                "6.18",
                "default",
                false,
                3,
                true,
                List.of(new WallFindings(Wall.IDS, "a summary", List.of(finding))),
                List.of(new WallsEvent(Instant.EPOCH, WallsEvent.Kind.DRIFTED, List.of("something"))));
    }

    @Test
    void whatWasSignedIsGenuineAndSaysTheSame() {
        SignedReport signed = SignedReport.of(report(), key());
        assertThat(SignedReport.check(signed.text(), key().verifyingKey()))
                .isEqualTo(new SignedReport.Checked.Genuine(signed.report()));
        assertThat(SignedReport.check(new JsonMapper().readTree(signed.text()).toPrettyString(), key().verifyingKey()))
                .as("its signature is over what it says, not over its white space")
                .isEqualTo(new SignedReport.Checked.Genuine(signed.report()));
        assertThat(CanonicalJson.of(JsonTree.of(new JsonMapper().readTree(signed.text()))))
                .as("the whole document is canonical")
                .isEqualTo(signed.text());
        assertThat(signed.text().chars()).as("plain").allMatch(c -> c >= ' ' && c < 127);
    }

    /** Each byte in turn becomes another one. */
    @Test
    void aChangedByteIsNeverGenuine() {
        SignedReport signed = SignedReport.of(report(), key());
        VerifyingKey verifying = key().verifyingKey();
        byte[] bytes = signed.text().getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < bytes.length; i++) {
            byte before = bytes[i];
            bytes[i] = (byte) (before == 'x' ? 'y' : 'x');
            String changed = new String(bytes, StandardCharsets.US_ASCII);
            assertThat(SignedReport.check(changed, verifying))
                    .as(changed)
                    .isInstanceOf(SignedReport.Checked.Refused.class);
            bytes[i] = before;
        }
    }

    /** 64 bytes leave four bits of the last letter unused: another letter for the same bytes is another text. */
    @Test
    void aSignatureHasOneText() {
        String text = SignedReport.of(report(), key()).text();
        int last = text.indexOf("==\"") - 1;
        for (char letter = 'A'; letter <= 'Z'; letter++) {
            if (letter != text.charAt(last)) {
                String changed = text.substring(0, last) + letter + text.substring(last + 1);
                assertThat(SignedReport.check(changed, key().verifyingKey()))
                        .isInstanceOf(SignedReport.Checked.Refused.class);
            }
        }
    }

    @Test
    void whatIsNoReportIsRefusedWithAReason() {
        VerifyingKey verifying = key().verifyingKey();
        String good = SignedReport.of(report(), key()).text();
        for (String text : List.of(
                "",
                "{}",
                "[]",
                "null",
                "7",
                "{\"schema\":7}",
                good + good,
                good.replace("\"report\":{", "\"report\":{\"at\":\"1970-01-01T00:00:00Z\","),
                "[".repeat(100_000))) {
            assertThat(SignedReport.check(text, verifying))
                    .as(text.length() > 100 ? "a long one" : text)
                    .isInstanceOf(SignedReport.Checked.Refused.class);
        }
    }

    @Test
    void anotherNodesReportIsNotThisNodes() {
        NodeKey other = new NodeKey(directory.resolve("other.pem"));
        String text = SignedReport.of(report(), other).text();
        assertThat(SignedReport.check(text, key().verifyingKey())).isInstanceOf(SignedReport.Checked.Refused.class);
        String claimed =
                text.replace(other.verifyingKey().id(), key().verifyingKey().id());
        assertThat(SignedReport.check(claimed, key().verifyingKey()))
                .as("that it says so itself proves nothing")
                .isInstanceOf(SignedReport.Checked.Refused.class);
        assertThat(SignedReport.check(text, other.verifyingKey())).isInstanceOf(SignedReport.Checked.Genuine.class);
    }

    /** By another program, on a path of its own: jq writes what is signed, openssl checks it. */
    @Test
    void opensslSaysTheSame() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/jq")), "jq");
        SignedReport signed = SignedReport.of(report(), key());
        Files.writeString(directory.resolve("report.json"), signed.text());
        Files.writeString(directory.resolve("key.pem"), key().verifyingKey().pem());
        String script = """
                jq -jcS .report report.json >signed &&
                jq -r .signature report.json | base64 -d >signature &&
                [ "$(openssl pkey -pubin -in key.pem -outform DER | sha256sum | cut -d' ' -f1)" = "$(jq -r .keyId report.json)" ] &&
                openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile signature""";
        assertThat(shell(script)).contains("Signature Verified Successfully");
        assertThat(shell("sed -i s/weaker/wEaker/ report.json\n" + script)).doesNotContain("Successfully");
        assertThat(shell("openssl pkey -in node-key.pem -pubout | cmp - key.pem && echo same"))
                .contains("same");
    }

    private String shell(String script) throws Exception {
        Process process = new ProcessBuilder("sh", "-c", script)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void thereIsOneKeyHoweverManyMakeItAtOnce() throws Exception {
        Set<String> ids = ConcurrentHashMap.newKeySet();
        List<Thread> threads = IntStream.range(0, 8)
                .mapToObj(_ -> Thread.ofPlatform()
                        .start(() -> ids.add(key().verifyingKey().id())))
                .toList();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(ids).hasSize(1);
        assertThat(Files.getPosixFilePermissions(directory.resolve(NodeKey.FILE)))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        try (var files = Files.list(directory)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aKeyThatOthersReadOrThatIsBrokenIsRefused() throws Exception {
        String before = key().verifyingKey().id();
        Path file = directory.resolve(NodeKey.FILE);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> key().verifyingKey())
                .isInstanceOf(NodeKey.KeyException.class)
                .hasMessageContaining("chmod 600");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(key().verifyingKey().id()).as("control").isEqualTo(before);
        String text = Files.readString(file);
        Files.writeString(file, text.substring(0, text.indexOf("-----BEGIN PUBLIC")));
        assertThatThrownBy(() -> key().verifyingKey()).isInstanceOf(NodeKey.KeyException.class);
        Files.writeString(
                file,
                text.substring(0, text.indexOf("-----BEGIN PUBLIC"))
                        + new NodeKey(directory.resolve("other.pem"))
                                .verifyingKey()
                                .pem());
        assertThatThrownBy(() -> key().verifyingKey())
                .isInstanceOf(NodeKey.KeyException.class)
                .hasMessageContaining("pair");
    }

    @Test
    void theSignatureHasTheLengthOfEd25519() {
        JsonNode document =
                new JsonMapper().readTree(SignedReport.of(report(), key()).text());
        assertThat(Base64.getDecoder().decode(document.required("signature").stringValue()))
                .hasSize(64);
    }
}
