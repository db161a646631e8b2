package dev.redoubt.node.walls.report;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A report with the signature of the node that made it, as one JSON document.
 *
 * @param text the document, itself in canonical form (RFC 8785)
 * @param report what is signed: the canonical bytes of this are what the signature is over
 */
public record SignedReport(String text, WallsReport report) {
    private static final String SCHEMA = "redoubt.signed-walls/1";
    private static final String ALGORITHM = "Ed25519";
    private static final int MOST_BYTES = 64 << 20;

    /** Signs. */
    public static SignedReport of(WallsReport report, NodeKey key) {
        String signed = CanonicalJson.of(report.tree());
        String signature = Base64.getEncoder().encodeToString(key.sign(signed.getBytes(StandardCharsets.UTF_8)));
        // Plain words in the order of their keys: canonical, without writing the report once more
        String text = "{\"algorithm\":\"" + ALGORITHM + "\",\"keyId\":\""
                + key.verifyingKey().id() + "\",\"report\":" + signed + ",\"schema\":\"" + SCHEMA
                + "\",\"signature\":\"" + signature + "\"}";
        return new SignedReport(text, report);
    }

    /** What became of a check. */
    public sealed interface Checked {
        /** Every byte is as the holder of the key signed it. */
        record Genuine(WallsReport report) implements Checked {}

        /** Signed by somebody, changed, or no such document at all. */
        record Refused(String reason) implements Checked {}
    }

    /** Whether a document was signed by the holder of a key, and what it says then. */
    public static Checked check(String text, VerifyingKey key) {
        if (text.length() > MOST_BYTES) {
            return new Checked.Refused("a report is not that long");
        }
        try {
            return checked(mapper().readTree(text), key);
        } catch (JacksonException | IllegalArgumentException malformed) {
            return new Checked.Refused(
                    "not a signed walls report: " + PlainText.of(String.valueOf(malformed.getMessage())));
        }
    }

    private static Checked checked(JsonNode document, VerifyingKey key) {
        if (!document.path("schema").asString("").equals(SCHEMA)) {
            return new Checked.Refused("not a signed walls report of this version");
        }
        if (!document.path("algorithm").asString("").equals(ALGORITHM)) {
            return new Checked.Refused("not signed with " + ALGORITHM);
        }
        String by = document.required("keyId").stringValue();
        if (!by.equals(key.id())) {
            return new Checked.Refused("signed with key " + PlainText.of(by) + ", not with " + key.id());
        }
        JsonNode report = document.required("report");
        byte[] bytes = CanonicalJson.of(JsonTree.of(report)).getBytes(StandardCharsets.UTF_8);
        String text = document.required("signature").stringValue();
        byte[] signature = Base64.getDecoder().decode(text);
        // Bits of the last letter stand for nothing, and the decoder passes over them: one signature has one text
        boolean canonical = Base64.getEncoder().encodeToString(signature).equals(text);
        return canonical && key.fits(bytes, signature)
                ? new Checked.Genuine(JsonTree.report(report))
                : new Checked.Refused("the signature is not over what the report says");
    }

    /** Reads a document of our own, without a check of its signature. */
    public static SignedReport parse(String text) {
        return new SignedReport(text, JsonTree.report(mapper().readTree(text).required("report")));
    }

    private static JsonMapper mapper() {
        return JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }
}
