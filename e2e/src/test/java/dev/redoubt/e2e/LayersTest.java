package dev.redoubt.e2e;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Who may know whom, and what no one may do.
 *
 * <p>Think hard about the layering before changing this file: each rule says why it is there.
 */
@AnalyzeClasses(packages = "dev.redoubt", importOptions = ImportOption.DoNotIncludeTests.class)
class LayersTest {
    private static final String PROTOCOL = "dev.redoubt.protocol..";
    private static final String POLICY = "dev.redoubt.policy..";
    private static final String LINUX = "dev.redoubt.linux..";
    private static final String NODE = "dev.redoubt.node..";
    private static final String BENCH = "dev.redoubt.bench..";
    private static final String[] LANGUAGE = {"java..", "org.jspecify.annotations.."};

    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage("dev.redoubt..");

    @ArchTest
    static final ArchRule PROTOCOL_KNOWS_NOBODY = classes()
            .that()
            .resideInAPackage(PROTOCOL)
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(LANGUAGE).or(resideInAPackage(PROTOCOL)))
            .because("every process and every client shares it: what it needs, all of them would need");

    @ArchTest
    static final ArchRule POLICY_KNOWS_PROTOCOL = classes()
            .that()
            .resideInAPackage(POLICY)
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage(LANGUAGE).or(resideInAnyPackage(PROTOCOL, POLICY, "org.snakeyaml.engine..")))
            .because("whoever decides must be able to decide anywhere, and be tested without a machine");

    @ArchTest
    static final ArchRule POLICY_TOUCHES_NOTHING = noClasses()
            .that()
            .resideInAPackage(POLICY)
            .should()
            .dependOnClassesThat(resideInAnyPackage("java.nio.file..", "java.net..", "java.lang.foreign..")
                    .or(belongToAnyOf(System.class, Runtime.class, ProcessBuilder.class, Thread.class, Clock.class)))
            .because("a decision that depends on when or where it is taken cannot be repeated");

    @ArchTest
    static final ArchRule LINUX_KNOWS_NOBODY = classes()
            .that()
            .resideInAPackage(LINUX)
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(LANGUAGE).or(resideInAPackage(LINUX)))
            .because("it says what the kernel can do, not what we want of it");

    @ArchTest
    static final ArchRule NODE_KNOWS_PROTOCOL_POLICY_AND_LINUX = noClasses()
            .that()
            .resideInAPackage(NODE)
            .should()
            .dependOnClassesThat(
                    OURS.and(resideInAnyPackage(PROTOCOL, POLICY, LINUX, NODE).negate()))
            .because(
                    "the node can do everything to sandboxes and nothing else: no command line, no tenant, no network service");

    @ArchTest
    static final ArchRule BENCH_KNOWS_THE_NODE = noClasses()
            .that()
            .resideInAPackage(BENCH)
            .should()
            .dependOnClassesThat(
                    OURS.and(resideInAnyPackage(PROTOCOL, LINUX, NODE, BENCH).negate()))
            .because("what is measured is the node, as whoever embeds it has it");

    @ArchTest
    static final ArchRule NODE_HAS_NO_CYCLES = slices().matching("dev.redoubt.node.(*)..")
            .should()
            .beFreeOfCycles()
            .because("a part that cannot be understood alone cannot be reviewed alone");

    @ArchTest
    static final ArchRule ONE_DOOR_INTO_THE_KERNEL = noClasses()
            .that()
            .resideOutsideOfPackage(LINUX)
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Linker.class, SymbolLookup.class, FunctionDescriptor.class)
            .because("native calls are reviewed in one place, each with its return code read");

    @ArchTest
    static final ArchRule NO_MEMORY_WITHOUT_BOUNDS = noClasses()
            .that()
            .resideOutsideOfPackage(LINUX)
            .should()
            .callMethodWhere(describe(
                    "makes a segment of any address",
                    call -> call.getTarget().getName().equals("reinterpret")))
            .because("a MemorySegment is checked memory only as long as nobody says how large it is");

    @ArchTest
    static final ArchRule ONLY_AN_AUDIT_LETS_PASS = noClasses()
            .that()
            .doNotHaveSimpleName("CallAudit")
            .should()
            .callMethodWhere(describe(
                    "lets a notified call go on",
                    call -> call.getTarget().getName().equals("letPass")))
            .because(
                    "memory that somebody looked at may have changed by the time the kernel looks: nothing may be decided by it"
                            + " and let pass");

    @ArchTest
    static final ArchRule NO_VIRTUAL_THREADS_NEAR_THE_KERNEL = noClasses()
            .that()
            .resideInAnyPackage(NODE, LINUX)
            .should()
            .callMethodWhere(describe("makes a virtual thread", call -> makesVirtualThread(call.getTarget())))
            .because(
                    "a call that blocks in the kernel pins its carrier: two of them stop every virtual thread on two cores");

    private static boolean makesVirtualThread(AccessTarget target) {
        return Set.of("ofVirtual", "startVirtualThread", "newVirtualThreadPerTaskExecutor")
                .contains(target.getName());
    }

    @ArchTest
    static final ArchRule THE_NODE_DOES_NOT_PRINT = noClasses()
            .that()
            .resideInAnyPackage(NODE, LINUX, POLICY, PROTOCOL)
            .should(ACCESS_STANDARD_STREAMS)
            .because("standard output is only ever the answer, and the command line gives it");

    @ArchTest
    static final ArchRule NAMES_SAY_WHAT_A_THING_DOES = noClasses()
            .should()
            .haveNameMatching(".*(Manager|Helper|Utils?|Impl|Common|AbstractBase)")
            .because("such a name says nothing; the thing has one that does");

    @Test
    void everyPackageIsNullMarked() throws IOException {
        for (Path directory : packages()) {
            Path info = directory.resolve("package-info.java");
            assertThat(info).exists();
            assertThat(Files.readString(info)).as(info.toString()).contains("@NullMarked");
        }
    }

    private static List<Path> packages() throws IOException {
        return sources().stream().map(Path::getParent).distinct().toList();
    }

    /**
     * Read from the sources: in class files a try-with-resources looks the same. A RuntimeException may be caught where the
     * line says why (it is thrown again, or one step's failure must not stop the next). Syscall may: invokeExact declares
     * Throwable.
     */
    private static final Pattern CATCHES_ALL = Pattern.compile(
            "catch \\((final )?([\\w.]+ \\| )*((Exception|Throwable|Error)\\b.*|RuntimeException\\b[^/\n]*)$",
            Pattern.MULTILINE);

    @Test
    void nobodyCatchesWhatTheyDoNotKnow() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path source : sources()) {
            if (!source.endsWith("linux/Syscall.java")
                    && CATCHES_ALL.matcher(Files.readString(source)).find()) {
                found.add(source.toString());
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void theRuleAboutCatchingCanFind() {
        assertThat(catchesAll("} catch (Exception e) { // why")).isTrue();
        assertThat(catchesAll("} catch (RuntimeException e) {\n // why")).isTrue();
        assertThat(catchesAll("} catch (IOException | RuntimeException e) {")).isTrue();
        assertThat(catchesAll("} catch (RuntimeException e) { // rethrown")).isFalse();
        assertThat(catchesAll("} catch (IOException | LinuxException e) {")).isFalse();
    }

    private static boolean catchesAll(String code) {
        return CATCHES_ALL.matcher(code).find();
    }

    private static List<Path> sources() throws IOException {
        List<Path> all = new ArrayList<>();
        for (Path directory : Checkout.ofModules("src/main/java")) {
            try (Stream<Path> files = Files.walk(directory)) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .filter(file -> !file.endsWith("package-info.java"))
                        .forEach(all::add);
            }
        }
        assertThat(all).hasSizeGreaterThan(100);
        return all;
    }
}
