// Whether encoders learn a language, and which objective learns more of it in the same time: (a) BERT tells hidden tokens of novels, against what the frequencies of the tokens
// alone would tell; (b) ELECTRA against BERT: as much time for both, then parts of speech are read off the models as they are by a linear probe.
//
//   dotnet run experiments/encoders.cs -- TEXTS TREEBANK -o OUT [--minutes 3] [--seeds 3]
//
// TEXTS holds books.jsonl.gz, TREEBANK ud-ewt-dev.conllu.gz and ud-ewt-test.conllu.gz. What is in OUT already is not computed again. Build first: dotnet build -c Release.
// The table is written to OUT/table.md.
//
// The same time means: the time of a step of each arm is measured in turn before anything is trained, and each arm takes as many steps as fit into the minutes by that. What
// the machine does meanwhile then changes nothing. Each schedule ends with its run. Sequences begin with 8 tokens and are whole after three tenths of the steps: without that
// neither arm learns from context in this time. ELECTRA's generator is the lower of the discriminator's two layers: one of a quarter of the width learns next to nothing.
#:project ../src/Coppice.Corpus/Coppice.Corpus.csproj
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Corpus;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 2) throw new ArgumentException("usage: encoders.cs TEXTS TREEBANK -o OUT");
var (texts, treebank) = (args[0], args[1]);
var output = Path.GetFullPath(Option("-o") ?? throw new ArgumentException("-o OUT is missing"));
var minutes = double.Parse(Option("--minutes") ?? "3");
var seeds = int.Parse(Option("--seeds") ?? "3");
var experiments = Path.GetDirectoryName(Path.GetFullPath(SourcePath()))!;
var coppice = Path.Combine(experiments, "..", "artifacts", "bin", "Coppice.Cli", "release", "coppice.dll");
var recipe = Path.Combine(experiments, "encoders-base.yaml");
var books = Path.Combine(texts, "books.jsonl.gz");
Directory.CreateDirectory(output);
var report = new StringBuilder();

// A model that has learned nothing, which makes the tokenizer and the tokens of all others: what the probe learns by itself.
var untrained = Train("untrained", steps: 1, seed: 1, "model.architecture=bert", "optimizer.learning_rate=1e-9");
var tokenizer = "tokenizer.path=" + Path.Combine(untrained, "tokenizer.json");
string[][] arms = [["model.architecture=bert", tokenizer], ["model.architecture=electra", "model.generator_share=1", "model.generator_layers=1", "model.tie_generator=true", "objective.detection_weight=30", tokenizer]];
var steps = StepsOf();
var bert = Enumerable.Range(1, seeds).Select(seed => Train($"bert-{seed}", steps[0], seed, arms[0])).ToList();
var electra = Enumerable.Range(1, seeds).Select(seed => Train($"electra-{seed}", steps[1], seed, arms[1])).ToList();

var losses = bert.Select(model => Result(model).GetProperty("validation_loss").GetDouble()).ToList();
var entropies = bert.Select(model => Entropy(Path.Combine(model, "..", "data", "0-validation.tokens"))).ToList();
report.AppendLine("## Hidden tokens of novels").AppendLine();
report.AppendLine($"{Count(Result(bert[0]), "tokens"):N0} tokens in {Count(Result(bert[0]), "steps"):N0} steps. A token by its frequency alone: as if the frequencies in the validation text itself were known.").AppendLine();
report.AppendLine("| seed | nats a hidden token | by its frequency alone | perplexity | by frequency |");
report.AppendLine("| ---: | ---: | ---: | ---: | ---: |");
for (var i = 0; i < seeds; i++) report.AppendLine($"| {i + 1} | {losses[i]:0.000} | {entropies[i]:0.000} | {Math.Exp(losses[i]):0} | {Math.Exp(entropies[i]):0} |");

report.AppendLine().AppendLine("## Parts of speech, ELECTRA against BERT in the same time").AppendLine();
report.AppendLine($"{minutes} minutes each by the time of a step: {steps[0]:N0} steps of BERT, {steps[1]:N0} of ELECTRA.").AppendLine();
report.AppendLine("| model | seed | right | 95 % interval | against BERT of the same seed | 95 % interval |");
report.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: |");
var first = Probe(untrained);
report.AppendLine($"| a list of the learned words | | {first.GetProperty("lexicon").GetDouble():P1} | | | |");
report.AppendLine(Row("untrained", "", first));
for (var i = 0; i < seeds; i++) report.AppendLine(Row("BERT, mlm", $"{i + 1}", Probe(bert[i])));
var against = Enumerable.Range(0, seeds).Select(i => Probe(electra[i], bert[i])).ToList();
for (var i = 0; i < seeds; i++) report.AppendLine(Row("ELECTRA", $"{i + 1}", against[i]));
var differences = against.Select(probe => probe.GetProperty("change").GetProperty("difference").GetDouble()).ToList();
var mean = differences.Average();
report.AppendLine().Append($"The mean difference over the seeds is {100 * mean:+0.00;-0.00} points");
if (seeds == 3)
{
    // Student's t of two degrees of freedom.
    var half = 4.303 * Math.Sqrt(differences.Sum(difference => Math.Pow(difference - mean, 2)) / (seeds - 1) / seeds);
    report.Append($", 95 % interval {100 * (mean - half):+0.00;-0.00} to {100 * (mean + half):+0.00;-0.00} by the spread of the three seeds");
}

report.AppendLine(".");
File.WriteAllText(Path.Combine(output, "table.md"), report.ToString());
Console.WriteLine(report);

string Row(string name, string seed, JsonElement probe)
{
    var change = probe.GetProperty("change");
    var compared = change.ValueKind == JsonValueKind.Null ? "| |" : $"{100 * change.GetProperty("difference").GetDouble():+0.00;-0.00} | {Points(change, "low")} to {Points(change, "high")} |";
    return $"| {name} | {seed} | {probe.GetProperty("accuracy").GetDouble():P1} | {probe.GetProperty("low").GetDouble():P1} to {probe.GetProperty("high").GetDouble():P1} | {compared}";

    static string Points(JsonElement of, string end) => $"{100 * of.GetProperty(end).GetDouble():+0.00;-0.00}";
}

// A run; its model.
string Train(string name, long steps, int seed, params string[] settings)
{
    var run = Path.Combine(output, name);
    var result = Path.Combine(run, "result.json");
    if (!File.Exists(result))
    {
        string[] set = [$"training.steps={steps}", $"training.length_warmup_steps={Math.Max(1, 3 * steps / 10)}", .. settings];
        var printed = Coppice(["pretrain", recipe, books, "-o", run, "--seed", $"{seed}", "--resume", "--json", .. set.SelectMany(setting => (string[])["--set", setting])]);
        File.WriteAllText(result, printed);
    }

    return Path.Combine(run, "model");
}

// How many steps of each arm fit into the minutes, by the median of three measurements in turn.
long[] StepsOf()
{
    var path = Path.Combine(output, "steps.json");
    if (File.Exists(path)) return JsonSerializer.Deserialize<long[]>(File.ReadAllText(path))!;
    var speeds = arms.Select(_ => new List<double>()).ToList();
    for (var round = 0; round < 3; round++)
    {
        for (var i = 0; i < arms.Length; i++)
            speeds[i].Add(JsonDocument.Parse(Coppice(["plan", recipe, "--json", .. arms[i].SelectMany(setting => (string[])["--set", setting])])).RootElement.GetProperty("tokens_per_second").GetDouble());
    }

    // 32 sequences of 64 tokens.
    long[] fitting = [.. speeds.Select(speed => (long)Math.Round(minutes * 60 * speed.Order().ElementAt(1) / 2048))];
    File.WriteAllText(path, JsonSerializer.Serialize(fitting));
    return fitting;
}

JsonElement Probe(string model, string? other = null)
{
    var path = Path.Combine(model, "..", other is null ? "tags.json" : "tags-against.json");
    if (!File.Exists(path))
    {
        string[] sentences = ["--train", Path.Combine(treebank, "ud-ewt-dev.conllu.gz"), "--test", Path.Combine(treebank, "ud-ewt-test.conllu.gz")];
        File.WriteAllText(path, Coppice(["probe", "tags", model, .. sentences, "--json", .. other is null ? (string[])[] : ["--against", other]]));
    }

    return JsonDocument.Parse(File.ReadAllText(path)).RootElement;
}

// Nats a token by the frequencies of a store's tokens; those around documents are never hidden and don't count.
double Entropy(string path)
{
    using var store = TokenStore.Open(path);
    var tokens = new int[store.TokenCount];
    store.Read(0, tokens);
    var counts = tokens.Where(token => token != store.BeginOfText && token != store.EndOfText).CountBy(token => token).Select(count => (double)count.Value).ToList();
    var all = counts.Sum();
    return -counts.Sum(count => count / all * Math.Log(count / all));
}

JsonElement Result(string model) => JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "..", "result.json"))).RootElement;

static long Count(JsonElement result, string name) => result.GetProperty(name).GetInt64();

string Coppice(string[] arguments)
{
    Console.Error.WriteLine($"coppice {string.Join(' ', arguments.Select(argument => argument.Replace(output, "OUT")))}");
    var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
    foreach (var argument in (string[])[coppice, .. arguments]) start.ArgumentList.Add(argument);
    using var process = Process.Start(start)!;
    var printed = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0 ? printed : throw new InvalidOperationException($"exit code {process.ExitCode}: {printed}");
}

string? Option(string name) => Array.IndexOf(args, name) is var place and >= 0 ? args[place + 1] : null;

static string SourcePath([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;
