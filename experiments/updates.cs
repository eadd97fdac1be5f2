// What an update keeps and learns, on real text: a model of English novels is updated with a city's law, then with technical proposals, then with German law,
// by continuing on the new text alone (a), by `coppice update` as it is (b), by training again on everything so far (c), and on the first update by (b) with one
// protection or schedule switched, and with other shares of old text. Everything is judged on a tenth of each text that no model ever saw.
//
//   dotnet run experiments/updates.cs -- TEXTS -o OUT [--more] [--quick] [--table]
//
// --more adds arms that are good to know and not needed: the full learning rate, smaller shares, the gap with little replay. --quick only sees that everything works; --table makes the table of what is in OUT, and computes nothing.
// TEXTS holds books.jsonl.gz, dc-law.jsonl.gz, peps.jsonl.gz and german-law.jsonl.gz. What is in OUT already is not computed again: an interrupted run goes on. Build first:
// dotnet build -c Release. The table is written to OUT/table.md.
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var texts = args.FirstOrDefault() ?? throw new ArgumentException("usage: updates.cs TEXTS -o OUT");
var output = Path.GetFullPath(args[Array.IndexOf(args, "-o") + 1]);
var quick = args.Contains("--quick");
var more = args.Contains("--more");
var tableOnly = args.Contains("--table");
var seeds = quick ? 1 : 3;
var experiments = Path.GetDirectoryName(Path.GetFullPath(SourcePath()))!;
var coppice = Path.Combine(experiments, "..", "artifacts", "bin", "Coppice.Cli", "release", "coppice.dll");
string[] names = ["books", "dc-law", "peps", "german-law"];
long[] newTokens = quick ? [100_000, 50_000, 50_000, 50_000] : [6_144_000, 1_000_000, 1_000_000, 1_000_000];
Directory.CreateDirectory(output);
var report = new StringBuilder();

foreach (var name in names) Split(Path.Combine(texts, name + ".jsonl.gz"), name);
var clock = Stopwatch.StartNew();
var threads = Environment.ProcessorCount;
var @base = Train("base", [names[0]], newTokens[0], seed: 1, tokenizer: null);

// (b) with one thing switched; what is refused is measured all the same.
(string Name, string Title, string[] Options)[] switched =
[
    ("no-kl", "replay alone, not held to the parent", [Set, "replay.kl_weight=0"]),
    ("kl-new", "held to the parent on new text too (0.2)", [Set, "protection.kl_on_new=0.2"]),
    ("ewc", "elastic weights (1 nat)", [Set, "protection.ewc_nats=1"]),
    ("l2", "pull to the start (0.001)", [Set, "protection.l2=0.001"]),
    ("generated", "replay written by the parent (200,000 tokens)", ["--replay", "generated", Set, "replay.generated_tokens=200000"]),
    ("ema", "average of the weights along the run (0.99)", [Set, "optimizer.ema_decay=0.99"]),
    ("cosine", "from the release, re-warmed cosine", [Set, "start.from=release", Set, "schedule.name=cosine"]),
    ("infinite", "infinite schedule", [Set, "schedule.name=infinite", Set, "schedule.final_learning_rate=0.0002"]),
    ("power", "power schedule", [Set, "schedule.name=power"]),
    .. more ? [("peak", "the full learning rate of pre-training", [Set, "optimizer.learning_rate=0.004"])] : Array.Empty<(string, string, string[])>(),
];
double[] swept = quick ? [0.2] : more ? [0.1, 0.2, 0.3, 0.5] : [0.3, 0.5];

// From the release at the full rate, with little replay: where the gap opens.
string[] gaping = [.. Never, Set, "start.from=release", Set, "schedule.name=cosine", Set, "optimizer.learning_rate=0.004", Set, "replay.kl_weight=0"];

// Two arms at a time, each on half of the cores: no core waits for another within a step. The chain first, since its arms wait for each other; then the longest.
var lanes = new Lanes(2);
threads = Math.Max(1, Environment.ProcessorCount / 2);
Measure(@base, Path.Combine(@base, "model"), 0);
var first = Start(() => Update("1a-1", PlainTitle, @base, 1, 1, Plain(1)));
// (b) goes on from its own earlier update, (a) from its own. How much (b) reads follows from what (a) found.
var plainSecond = Start(() => Update("2a", PlainTitle, Path.Combine(output, "1a-1"), 2, 1, Plain(2)), first);
var plainThird = Start(() => Update("3a", PlainTitle, Path.Combine(output, "2a"), 3, 1, Plain(3)), plainSecond);
var updatedFirst = Start(() => Update("1b-1", UpdateTitle, @base, 1, 1, Default(1)), first);
var updatedSecond = Start(() => Update("2b", UpdateTitle, Path.Combine(output, "1b-1"), 2, 1, Default(2)), updatedFirst, plainSecond);
var updatedThird = Start(() => Update("3b", UpdateTitle, Path.Combine(output, "2b"), 3, 1, Default(3)), updatedSecond, plainThird);
var (againThird, againSecond) = (Start(() => Again("3c", 3, 1), first), Start(() => Again("2c", 2, 1), first));
var again = Enumerable.Range(1, seeds).Select(seed => Start(() => Again($"1c-{seed}", 1, seed), first)).ToList();
var byLaw = Start(() => Update("1s-auto", "share by the law", @base, 1, 1, [.. Default(1, points: Few), .. Never, "--share", "auto"]), first);
var alone = switched.Select(arm => Start(() => Update($"1d-{arm.Name}", arm.Title, @base, 1, 1, [.. Default(1, points: Few), .. Never, .. arm.Options]), first)).ToList();
List<Task<Arm?>> gap = [Start(() => Update("1d-stability", "(b) with preset stability", @base, 1, 1, [.. Stability(), .. Never]), first)];
if (more)
{
    gap.Add(Start(() => Update("1g-stability", "replay 20 % from the release, full rate, with preset stability", @base, 1, 1, [.. Stability(), .. gaping]), first));
    gap.Add(Start(() => Update("1g-plain", "the same without the preset", @base, 1, 1, [.. Default(1), .. gaping, "--share", "0.2"]), first));
}

var updated = Enumerable.Range(2, seeds - 1).Select(seed => Start(() => Update($"1b-{seed}", UpdateTitle, @base, 1, seed, Default(1)), first)).Prepend(updatedFirst).ToList();
var sweep = swept.Reverse().Select(share => Start(() => Update($"1s-{share}", $"share {share:P0}", @base, 1, 1, [.. Default(1, points: Few), .. Never, "--share", $"{share}"]), first)).ToList();
var plain = Enumerable.Range(2, seeds - 1).Select(seed => Start(() => Update($"1a-{seed}", PlainTitle, @base, 1, seed, Plain(1)), first)).Prepend(first).ToList();

Heading("First update: a city's law after English novels");
Table([.. Done(plain), .. Done(updated), .. Done(again)], 1);
Heading("Second update: technical proposals");
Table([.. Done([plainSecond, updatedSecond, againSecond])], 2);
Heading("Third update: German law, another language");
Table([.. Done([plainThird, updatedThird, againThird])], 3);
Heading("First update: (b) with one thing switched, one seed");
Table([.. Done([first, updatedFirst, .. alone])], 1);
Heading("First update: the stability gap, one seed");
Table([.. Done([first, updatedFirst, .. gap])], 1);
Heading("First update: the share of old text, one seed");
Table([.. Done([updatedFirst, byLaw, .. sweep])], 1);
Law(Done([byLaw, updatedFirst, .. sweep]));

report.AppendLine().AppendLine($"All of it: {clock.Elapsed.TotalMinutes:0} minutes in this run, two arms at a time; {Minutes():0} minutes of processor time in all runs.");
File.WriteAllText(Path.Combine(output, "table.md"), report.ToString());
Console.WriteLine(report);

Task<Arm?> Start(Func<Arm?> arm, params Task[] after)
{
    var order = lanes.NextOrder();
    return Task.Run(async () =>
    {
        await Task.WhenAll(after);
        await lanes.Enter(order);
        try
        {
            return arm();
        }
        finally
        {
            lanes.Leave();
        }
    });
}

static IEnumerable<Arm?> Done(IEnumerable<Task<Arm?>> arms) => arms.Select(arm => arm.GetAwaiter().GetResult());

// The preset goes through half of the text, so twice as often.
string[] Stability() => [.. Default(1, times: 2), "--preset", "stability"];

// What no arm leaves to the gate: it is judged here, on text of its own.
string[] Tokens(int update, double share) => [Set, $"training.tokens={(long)(newTokens[update] / (1 - share))}", Set, $"evaluation.points={PointsOfCurve}", Set, "evaluation.memorisation=false", Set, "training.checkpoint_every=0"];
string[] Plain(int update) => [.. Tokens(update, 0), .. Open, "--share", "0", Set, "start.from=release", Set, "schedule.name=cosine", Set, "optimizer.learning_rate=0.004"];
// Without tokens the length follows from the share that the shift asks for, which only the update knows.
string[] Default(int update, double times = 1, int points = PointsOfCurve) => [Set, $"epochs={times * newTokens[update] / TrainTokens(update)}", Set, $"evaluation.points={points}", Set, "evaluation.memorisation=false", Set, "training.checkpoint_every=0", .. (update == 3 ? (string[])["--max-forgetting", "4%"] : [])];

// What way (a) found in the same text: all ways are to see as much of it.
long TrainTokens(int update)
{
    var path = Path.Combine(output, update == 1 ? "1a-1" : $"{update}a", "model", "coppice.json");
    return File.Exists(path) ? JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("sources").EnumerateArray().Last().GetProperty("tokens").GetInt64() : 1;
}

Arm? Update(string run, string title, string parent, int update, int seed, string[] options)
{
    var folder = Path.Combine(output, run);
    var result = Path.Combine(folder, "update.json");
    if (tableOnly && !File.Exists(Path.Combine(folder, "held-out.json"))) return null;
    if (!File.Exists(result))
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Coppice(["update", parent, "--data", Path.Combine(output, names[update] + ".train.jsonl"), "-o", folder, "--seed", $"{seed}", "--json", .. options]);
    }

    using var json = JsonDocument.Parse(File.ReadAllText(result));
    var root = json.RootElement;
    var model = Directory.Exists(Path.Combine(folder, "model")) ? Path.Combine(folder, "model") : Path.Combine(folder, "candidate");
    var worst = root.GetProperty("sources").EnumerateArray().Where(source => !source.GetProperty("new").GetBoolean())
        .Select(source => 100 * (source.GetProperty("bits_per_byte_worst").GetDouble() / source.GetProperty("bits_per_byte_before").GetDouble() - 1)).DefaultIfEmpty(double.NaN).Max();
    return new Arm(title, Measure(folder, model, update), root.GetProperty("tokens").GetInt64(), root.GetProperty("seconds").GetDouble(), worst, Measure(parent, Path.Combine(parent, "model"), update - 1), root.GetProperty("accepted").GetBoolean(), root.GetProperty("replay_share").GetDouble());
}

// From scratch on the union, each text weighed by what of it the chain has seen, with the chain's tokenizer.
Arm? Again(string run, int update, int seed)
{
    var tokens = newTokens[..(update + 1)].Sum();
    if (tableOnly && !File.Exists(Path.Combine(output, run, "held-out.json"))) return null;
    var folder = Train(run, names[..(update + 1)], tokens, seed, Path.Combine(output, "base", "model", "tokenizer.json"));
    return new Arm("(c) training again on everything", Measure(folder, Path.Combine(folder, "model"), update), tokens, double.NaN, double.NaN, Measure(@base, Path.Combine(@base, "model"), 0), true, double.NaN);
}

string Train(string run, string[] sources, long tokens, int seed, string? tokenizer)
{
    var folder = Path.Combine(output, run);
    if (File.Exists(Path.Combine(folder, "model", "coppice.json"))) return folder;
    if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    var list = string.Join(", ", sources.Select((name, i) => $"{{name: {name}, paths: ['{Path.Combine(output, name + ".train.jsonl")}'], weight: {newTokens[Array.IndexOf(names, name)]}}}"));
    Coppice([
        "pretrain", Path.Combine(experiments, "updates-base.yaml"), "-o", folder, "--seed", $"{seed}", "--json", Set, $"data.sources=[{list}]", Set, $"training.steps={tokens / 2048}",
        .. (tokenizer is null ? [] : (string[])[Set, $"tokenizer.path={tokenizer}"])]);
    return folder;
}

// Bits per byte on what no model saw, measured once for each model: on everything so far and, where another update follows, on what that learns.
Dictionary<string, double> Measure(string folder, string model, int update)
{
    var path = Path.Combine(folder, "held-out.json");
    var hasNext = Path.GetFileName(folder) is "base" or "1a-1" or "1b-1" or "2a" or "2b";
    if (!File.Exists(path))
    {
        var json = Coppice(["evaluate", model, "--json", "--data", .. names.Take(update + (hasNext ? 2 : 1)).Select(name => Path.Combine(output, name + ".held-out.jsonl"))]);
        File.WriteAllText(path, json);
    }

    using var document = JsonDocument.Parse(File.ReadAllText(path));
    return document.RootElement.GetProperty("sources").EnumerateArray().ToDictionary(
        source => Path.GetFileName(source.GetProperty("name").GetString()!).Split('.')[0], source => source.GetProperty("bits_per_byte").GetDouble());
}

string Coppice(string[] arguments)
{
    Console.Error.WriteLine($"{clock?.Elapsed.TotalMinutes ?? 0,5:0.0} min  coppice {string.Join(' ', arguments.Select(argument => argument.Replace(output, "OUT")))}");
    var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
    foreach (var argument in (string[])[coppice, .. arguments, "--threads", $"{threads}"]) start.ArgumentList.Add(argument);
    var watch = Stopwatch.StartNew();
    using var process = Process.Start(start)!;
    var errors = process.StandardError.ReadToEndAsync();
    var printed = process.StandardOutput.ReadToEndAsync();
    var processor = TimeSpan.Zero;
    while (!process.WaitForExit(200))
    {
        try
        {
            processor = process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            // It has just ended.
        }
    }

    lock (report) File.AppendAllText(Path.Combine(output, "times.jsonl"), JsonSerializer.Serialize(new { wall = watch.Elapsed.TotalMinutes, processor = processor.TotalMinutes, arguments }) + "\n");
    // 3: a gate said no. The arm is measured all the same.
    if (process.ExitCode is not (0 or 3)) throw new InvalidOperationException($"exit code {process.ExitCode}\n{errors.Result}{printed.Result}");
    return printed.Result;
}

// A tenth of the documents, by their text, is kept from every model; of it, about so many bytes are judged by.
void Split(string path, string name)
{
    const double JudgedBytes = 500_000;
    var (train, heldOut) = (Path.Combine(output, name + ".train.jsonl"), Path.Combine(output, name + ".held-out.jsonl"));
    if (File.Exists(heldOut)) return;
    var documents = new List<(string Text, byte[] Hash)>();
    using (var lines = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress)))
    {
        while (lines.ReadLine() is { } line)
        {
            var text = JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!;
            documents.Add((text, SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        }
    }

    var kept = documents.Where(document => document.Hash[0] < 26).ToList();
    var judged = JudgedBytes / kept.Sum(document => (double)document.Text.Length);
    File.WriteAllLines(train, documents.Where(document => document.Hash[0] >= 26).Select(document => JsonSerializer.Serialize(new { text = document.Text })));
    File.WriteAllLines(heldOut + ".part", kept.Where(document => document.Hash[1] / 256.0 < judged).Select(document => JsonSerializer.Serialize(new { text = document.Text })));
    File.Move(heldOut + ".part", heldOut);
}

void Heading(string text) => report.AppendLine().AppendLine($"## {text}").AppendLine();

void Table(List<Arm?> all, int update)
{
    var arms = all.OfType<Arm>().ToList();
    var old = names[..update];
    var plainGain = arms.Where(arm => arm.Title.StartsWith("(a)", StringComparison.Ordinal)).Select(arm => arm.Before[names[update]] - arm.After[names[update]]).DefaultIfEmpty(double.NaN).Average();
    var ideal = arms.Where(arm => arm.Title.StartsWith("(c)", StringComparison.Ordinal)).Select(arm => Mean(arm, update)).DefaultIfEmpty(double.NaN).Average();
    report.AppendLine($"| arm | million tokens | {string.Join(" | ", old.Select(name => $"{name}, change %"))} | worst on the way % | {names[update]}, bits per byte | share of (a)'s gain % | mean of all | against (c) % |");
    report.AppendLine($"| --- | ---: | {string.Concat(Enumerable.Repeat("---: | ", old.Length))}---: | ---: | ---: | ---: | ---: |");
    foreach (var group in arms.GroupBy(arm => arm.Title))
    {
        string Average(Func<Arm, double> value, string format)
        {
            var values = group.Select(value).ToList();
            if (values.Any(double.IsNaN)) return "";
            return values.Average().ToString(format) + (values.Count > 1 ? $" ± {Math.Sqrt(values.Sum(v => Math.Pow(v - values.Average(), 2)) / (values.Count - 1)).ToString("0.00")}" : "");
        }

        var isIdeal = group.Key.StartsWith("(c)", StringComparison.Ordinal);
        report.AppendLine(
            $"| {group.Key}{(group.All(arm => arm.Accepted) ? "" : ", refused")} | {Average(arm => arm.Tokens / 1e6, "0.00")} | {string.Join(" | ", old.Select(name => isIdeal ? "" : Average(arm => 100 * (arm.After[name] / arm.Before[name] - 1), "+0.00;-0.00")))} "
            + $"| {Average(arm => arm.Worst, "+0.0;-0.0")} | {Average(arm => arm.After[names[update]], "0.000")} | {(isIdeal ? "" : Average(arm => 100 * (arm.Before[names[update]] - arm.After[names[update]]) / plainGain, "0.0"))} "
            + $"| {Average(arm => Mean(arm, update), "0.000")} | {Average(arm => 100 * (Mean(arm, update) / ideal - 1), "+0.00;-0.00")} |");
    }
}

// What the law chose beside the best of the sweep: the share that the gate lets through at the lowest bits per byte of the new text.
void Law(IEnumerable<Arm?> all)
{
    var arms = all.OfType<Arm>().ToList();
    if (arms.Count == 0 || !arms.Any(arm => arm.Accepted)) return;
    var chosen = arms[0];
    var best = arms.Where(arm => arm.Accepted).MinBy(arm => arm.After[names[1]])!;
    report.AppendLine().AppendLine(
        $"The law chose {chosen.Share:P0}{(chosen.Accepted ? "" : ", which the gate refused")}; the best share that the gate let through is {best.Share:P0}. "
        + $"Bits per byte of the new text {chosen.After[names[1]]:0.000} against {best.After[names[1]]:0.000} ({100 * (chosen.After[names[1]] / best.After[names[1]] - 1):+0.0;-0.0} %), "
        + $"mean of all {Mean(chosen, 1):0.000} against {arms.Min(arm => Mean(arm, 1)):0.000} at best ({100 * (Mean(chosen, 1) / arms.Min(arm => Mean(arm, 1)) - 1):+0.0;-0.0} %).");
}

double Minutes() => File.Exists(Path.Combine(output, "times.jsonl")) ? File.ReadLines(Path.Combine(output, "times.jsonl")).Sum(line => JsonDocument.Parse(line).RootElement.GetProperty("processor").GetDouble()) : 0;

double Mean(Arm arm, int update) => names[..(update + 1)].Average(name => arm.After[name]);

static string SourcePath([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

sealed record Arm(string Title, Dictionary<string, double> After, long Tokens, double Seconds, double Worst, Dictionary<string, double> Before, bool Accepted, double Share);

// Lets so many arms run at a time; of those that wait, the one that was declared first.
internal sealed class Lanes(int free)
{
    private readonly PriorityQueue<TaskCompletionSource, int> _waiting = new();
    private int _free = free;
    private int _orders;

    public int NextOrder() => _orders++;

    public Task Enter(int order)
    {
        lock (_waiting)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn, order);
            return turn.Task;
        }
    }

    public void Leave()
    {
        lock (_waiting)
        {
            if (_waiting.TryDequeue(out var next, out _)) next.SetResult();
            else _free++;
        }
    }
}

internal static partial class Program
{
    private const string Set = "--set";

    // Evaluations on the way: where the depth of the gap is the question, and where it is not.
    private const int PointsOfCurve = 24, Few = 8;
    private const string PlainTitle = "(a) new text alone";
    private const string UpdateTitle = "(b) update";
    private static readonly string[] Never = ["--set", "protection.interpolate=never"];
    private static readonly string[] Open = ["--max-forgetting", "100000%", "--set", "protection.interpolate=never", "--set", "gate.max_forgetting_overall=1000"];
}
