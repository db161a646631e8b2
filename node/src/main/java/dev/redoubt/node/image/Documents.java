package dev.redoubt.node.image;

import dev.redoubt.node.image.ImageException.Reason;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON documents of the OCI image specification and of Docker's older forms, as far as they say what we need. */
final class Documents {
    /** Real ones have a few kilobytes; more is somebody trying. */
    static final int MAX_BYTES = 4 << 20;

    private static final JsonMapper JSON = new JsonMapper();

    private Documents() {}

    /** A reference to a blob; {@code platform} is empty when the descriptor does not say. */
    record Descriptor(String mediaType, Digest digest, long size, Optional<Platform> platform) {
        Descriptor {
            if (size < 0) {
                throw new IllegalArgumentException("a size is not negative");
            }
        }
    }

    /** What a manifest's digest can lead to. */
    sealed interface Manifest {}

    /** One image. */
    record SingleImage(Descriptor config, List<Descriptor> layers) implements Manifest {}

    /** The same image for several platforms. */
    record Index(List<Descriptor> manifests) implements Manifest {}

    /** The configuration of an image. */
    record Config(Platform platform, Instant created, ImageConfig config, List<Digest> diffIds) {}

    /** The one element of a docker-archive's {@code manifest.json} that we take: paths in the archive. */
    record DockerArchive(String config, List<String> layers, List<String> tags) {}

    static Manifest manifest(byte[] json) {
        return read(json, "manifest", top -> {
            if (top.has("manifests")) {
                return new Index(elements(top.path("manifests")).stream()
                        .filter(node -> !isAttestation(node))
                        .map(Documents::descriptor)
                        .toList());
            }
            if (!top.has("config") || !top.has("layers")) {
                throw new ImageException(
                        Reason.BAD_IMAGE, "the manifest is of a form older than schema 2, or not of an image");
            }
            return new SingleImage(
                    descriptor(top.path("config")),
                    elements(top.path("layers")).stream()
                            .map(Documents::descriptor)
                            .toList());
        });
    }

    /** BuildKit adds entries that are no images, for the platform unknown/unknown. */
    private static boolean isAttestation(JsonNode node) {
        return text(node.path("platform"), "os").equals("unknown");
    }

    private static Descriptor descriptor(JsonNode node) {
        JsonNode platform = node.path("platform");
        Optional<Platform> where = platform.isObject() ? Optional.of(platform(platform)) : Optional.empty();
        return new Descriptor(
                text(node, "mediaType"),
                Digest.parse(text(node, "digest")),
                node.required("size").asLong(),
                where);
    }

    private static Platform platform(JsonNode node) {
        return new Platform(text(node, "os"), text(node, "architecture"), text(node, "variant"));
    }

    static Config config(byte[] json) {
        return read(json, "configuration", top -> {
            JsonNode run = top.path("config");
            ImageConfig config = new ImageConfig(
                    strings(run.path("Env")),
                    strings(run.path("Entrypoint")),
                    strings(run.path("Cmd")),
                    text(run, "User"),
                    text(run, "WorkingDir"));
            List<Digest> diffIds = strings(top.path("rootfs").path("diff_ids")).stream()
                    .map(Digest::parse)
                    .toList();
            String created = text(top, "created");
            return new Config(platform(top), created.isEmpty() ? Instant.EPOCH : instant(created), config, diffIds);
        });
    }

    private static Instant instant(String text) {
        return java.time.OffsetDateTime.parse(text).toInstant();
    }

    static DockerArchive dockerArchive(byte[] json) {
        return read(json, "manifest.json", top -> {
            List<JsonNode> images = elements(top);
            if (images.size() != 1) {
                throw new ImageException(
                        Reason.BAD_IMAGE, "the archive holds " + images.size() + " images: save one at a time");
            }
            JsonNode image = images.getFirst();
            return new DockerArchive(
                    text(image, "Config"), strings(image.path("Layers")), strings(image.path("RepoTags")));
        });
    }

    /** A member of a JSON object as text, empty when it is not there: for replies that we only look into. */
    static Optional<String> member(byte[] json, String name) {
        return read(json, "reply", top -> Optional.of(text(top, name)).filter(text -> !text.isEmpty()));
    }

    private static <T> T read(byte[] json, String what, Function<JsonNode, T> reader) {
        try {
            return reader.apply(JSON.readTree(json));
        } catch (JacksonException | IllegalArgumentException | DateTimeException damaged) {
            throw new ImageException(Reason.BAD_IMAGE, "the image's " + what + " is damaged", damaged);
        }
    }

    private static String text(JsonNode node, String name) {
        JsonNode member = node.path(name);
        return member.isString() ? member.asString() : "";
    }

    private static List<String> strings(JsonNode array) {
        return elements(array).stream().map(JsonNode::asString).toList();
    }

    private static List<JsonNode> elements(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }
}
