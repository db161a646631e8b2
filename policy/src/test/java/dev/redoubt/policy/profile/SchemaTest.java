package dev.redoubt.policy.profile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.calls.CallNames;
import dev.redoubt.protocol.Layer;
import dev.redoubt.protocol.Profile;
import dev.redoubt.protocol.RuntimeClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The published schema says what the reader reads: the same keys, the same words, both ways. */
final class SchemaTest {
    private static final Path FILE = Path.of(System.getProperty("redoubt.home", ".."), "spec", "profile.schema.json");

    private static Map<String, Object> schema;
    private static JsonSchema validator;

    @BeforeAll
    static void load() throws IOException {
        schema = JsonSchema.object(yaml(Files.readString(FILE))); // JSON is YAML
        validator = new JsonSchema(schema);
    }

    private static Object yaml(String text) {
        return new Load(LoadSettings.builder().build()).loadFromString(text);
    }

    /** The object schema at a path of {@link DocumentReader#keys}. */
    private static Map<String, Object> at(String path) {
        Map<String, Object> here = schema;
        for (String key : path.isEmpty() ? new String[0] : path.split("\\.")) {
            here = validator.resolve(
                    JsonSchema.object(JsonSchema.object(here.get("properties")).get(key)));
        }
        if ("array".equals(here.get("type"))) { // of an entry of syscalls: the long form
            List<?> forms = JsonSchema.list(JsonSchema.object(here.get("items")).get("anyOf"));
            return JsonSchema.object(forms.getLast());
        }
        return here;
    }

    @Test
    void theKeysAreThoseThatAreRead() {
        DocumentReader.keys()
                .forEach((path, keys) -> assertThat(
                                JsonSchema.object(at(path).get("properties")).keySet())
                        .as("keys of '%s'", path)
                        .containsExactlyInAnyOrderElementsOf(keys));
    }

    /** A key that the schema knows and the reader only tolerates would hide a mistake: nonsense under it must be told. */
    @Test
    void everyKeyIsReallyRead() {
        List<String> ignored = new ArrayList<>();
        DocumentReader.keys()
                .forEach((path, keys) -> keys.forEach(key -> {
                    if (!complains(nonsense(path, key))) {
                        ignored.add(path + " " + key);
                    }
                }));
        assertThat(ignored).isEmpty();
        assertThat(complains("users: single")).isFalse();
    }

    private static String nonsense(String path, String key) {
        String value = "{nonsense: {nonsense: [[nonsense]]}}";
        return switch (path) {
            case "" -> key + ": " + value;
            case "resources.io" -> "resources: {io: {" + key + ": " + value + "}}";
            case "resources", "filesystem", "syscalls" -> path + ": {" + key + ": " + value + "}";
            default -> {
                String call = key.equals("call") ? "" : "call: chmod, ";
                yield "extends: default\nsyscalls: {" + path.substring("syscalls.".length()) + ": [{" + call + key
                        + ": " + value + "}]}";
            }
        };
    }

    private static boolean complains(String text) {
        try {
            ProfileReader.alone().read("p.yaml", text);
            return false;
        } catch (ProfileException expected) {
            return true;
        }
    }

    @Test
    void theWordsAreThoseThatAreRead() {
        assertThat(words("users")).containsExactlyInAnyOrderElementsOf(DocumentReader.USERS.keySet());
        assertThat(words("root")).containsExactlyInAnyOrderElementsOf(DocumentReader.ROOTS.keySet());
        assertThat(words("on-drift")).containsExactlyInAnyOrderElementsOf(DocumentReader.ON_DRIFT.keySet());
        assertThat(words("network")).containsExactlyInAnyOrderElementsOf(DocumentReader.NETWORKS.keySet());
        assertThat(words("devices")).containsExactlyInAnyOrderElementsOf(DocumentReader.DEVICES.keySet());
        assertThat(words("require")).containsExactlyInAnyOrderElementsOf(DocumentReader.LAYERS.keySet());
        Set<String> runtimes = new HashSet<>(DocumentReader.RUNTIMES.keySet());
        runtimes.remove(RuntimeClass.WASM.toString()); // known, to say why it is not for profiles
        assertThat(words("runtime")).containsExactlyInAnyOrderElementsOf(runtimes);
        Map<String, Object> error = JsonSchema.object(
                JsonSchema.object(at("syscalls.deny").get("properties")).get("error"));
        assertThat(JsonSchema.list(error.get("enum")).stream().map(String::valueOf))
                .containsExactlyInAnyOrderElementsOf(CallReader.ERRORS.keySet());
        assertThat(Arrays.stream(Layer.values()).filter(Layer::isInEverySandbox))
                .hasSize(5); // as its description says
    }

    private static List<String> words(String key) {
        Map<String, Object> property =
                JsonSchema.object(JsonSchema.object(schema.get("properties")).get(key));
        Map<String, Object> holder = property.containsKey("enum") ? property : JsonSchema.object(property.get("items"));
        return JsonSchema.list(holder.get("enum")).stream().map(String::valueOf).toList();
    }

    static Stream<String> builtIns() {
        return BuiltIns.NAMES.stream();
    }

    @ParameterizedTest
    @MethodSource("builtIns")
    void theBuiltInsAreValidAndSoIsWhatIsShownOfThem(String name) {
        assertThat(validator.mistakes(yaml(BuiltIns.text(name)))).isEmpty();
        assertThat(validator.mistakes(yaml(ProfileText.of(BuiltIns.find(name).orElseThrow()))))
                .isEmpty();
    }

    /** The page that people read first: its example is a profile, and its table is the list's. */
    @Test
    void theManualSaysTheSame() throws IOException {
        String page = Files.readString(FILE.resolve("../../docs/profiles.md").normalize());
        String example = page.substring(page.indexOf("```yaml\n") + 8, page.indexOf("\n```\n"));
        assertThat(validator.mistakes(yaml(example))).isEmpty();
        Profile profile = ProfileReader.alone().read("my-service.yaml", example);
        assertThat(profile.calls().asked()).containsExactly("memfd_create");
        List<String> keys = new ArrayList<>();
        DocumentReader.keys()
                .forEach((path, names) -> names.stream()
                        .filter(key -> !example.contains(key + ":") && !key.equals("name"))
                        .forEach(keys::add));
        assertThat(keys).as("keys that the example does not show").isEmpty();
        CallNames.groups()
                .values()
                .forEach(group -> assertThat(page).contains("| `" + group.name() + "` | " + group.purpose() + " |"));
        BuiltIns.NAMES.forEach(name -> assertThat(page).contains("| `" + name + "` |"));
    }

    /** What the schema of an editor marks, the reader refuses, and the other way round. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "name: A",
                "users: both",
                "runtime: []",
                "runtime: container",
                "require: [landlock, landlock]",
                "devices: [null]",
                "resources: {memory: -1}",
                "resources: {memory: 1X}",
                "resources: {cpus: 0.001}",
                "resources: {pids: 1}",
                "resources: {pids: 1.5}",
                "resources: {wall: 5}",
                "resources: {wall: 5y}",
                "filesystem: {root: maybe}",
                "filesystem: {hidden: /x}",
                "filesystem: {hidden: [x]}",
                "syscalls: {allow: ['@No']}",
                "syscalls: {allow: [{when: {x: 1}}]}",
                "syscalls: {deny: [{call: chmod, when: []}]}",
                "syscalls: {deny: [{call: chmod, when: {}}]}",
                "syscalls: {deny: [{call: chmod, when: {mode: {has: [1], is: 2}}}]}",
                "syscalls: {broker: [{call: chmod, error: EWRONG}]}",
                "syscalls: {allow: [{call: chmod, error: EPERM}]}",
                "colour: red"
            })
    void theSchemaMarksWhatTheReaderRefuses(String text) {
        assertThat(complains("extends: default\n" + text)).as("reader").isTrue();
        assertThat(validator.mistakes(yaml("extends: default\n" + text)))
                .as("schema")
                .isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "resources: {memory: 536870912, cpus: 2, pids: 100, disk: 1.5Gi, inodes: 1000, io: {readIops: 100}, wall: 7d}",
                "resources: {memory: 64Ki}",
                "syscalls: {deny: [{call: chmod, when: {mode: {has: S_ISUID}}, error: EACCES}]}",
                "syscalls: {allow: [{call: socket, when: [{domain: 1}, {domain: [AF_INET, 10], type: SOCK_STREAM}]}]}"
            })
    void theSchemaTakesWhatTheReaderTakes(String text) {
        boolean tooSmall = text.contains("64Ki"); // a size, but no size for memory: beyond a schema
        assertThat(complains("extends: default\n" + text)).isEqualTo(tooSmall);
        assertThat(validator.mistakes(yaml("extends: default\n" + text))).isEmpty();
    }
}
