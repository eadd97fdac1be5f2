// What methods of fine-tuning with few parameters are worth beside fine-tuning all of them, on one base that is pre-trained here: (a) whether a sentence is acceptable, told for
// phenomena of BLiMP that were not trained on; (b) parts of speech. Each method with the best of three learning rates, by sentences that are neither trained on nor judged by.
//
//   dotnet run -c Release experiments/adapters.cs -- TEXTS EVAL -o OUT [--parts acceptability,tags,preferences] [--methods full,lora,...] [--seeds 3] [--rates 0.33,1,3]
//       [--epochs 3] [--pairs 100] [--steps 4000] [--stories MODEL]
//
// TEXTS holds books.jsonl.gz, EVAL blimp.jsonl.gz and ud-ewt-{dev,test}.conllu.gz; MODEL is stories260k, for the part on preferences. What is in OUT already is not computed
// again. Build first: dotnet build -c Release. The tables are written to OUT/table.md. Memory is what a step is planned to hold, which doesn't depend on what ran before.
#:project ../src/Coppice.Adapters/Coppice.Adapters.csproj
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Adapters;
using Coppice.Evaluation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 2) throw new ArgumentException("usage: adapters.cs TEXTS EVAL -o OUT");
var (texts, evaluation) = (args[0], args[1]);
var output = Path.GetFullPath(Option("-o") ?? throw new ArgumentException("-o OUT is missing"));
var parts = (Option("--parts") ?? "acceptability,tags,preferences").Split(',');
var methods = (Option("--methods") ?? "full,head,lora,rslora,dora,pissa,vera,ia3,bitfit,houlsby,scaled-parallel,prefix,layers").Split(',');
var seeds = int.Parse(Option("--seeds") ?? "3");
var rates = (Option("--rates") ?? "0.33,1,3").Split(',').Select(double.Parse).ToArray();
var epochs = int.Parse(Option("--epochs") ?? "3");
var pairs = int.Parse(Option("--pairs") ?? "100");
var experiments = Path.GetDirectoryName(Path.GetFullPath(SourcePath()))!;
Directory.CreateDirectory(output);
var report = new StringBuilder();
using var backend = Backends.Create();

if (parts.Contains("acceptability") || parts.Contains("tags"))
{
    var directory = Pretrained();
    using var opened = new AdaptBase(ModelDirectory.Load(directory, backend), Tokenizer.Load(directory), null);
    report.AppendLine($"The base: {opened.Model.Parameters.Count:N0} parameters, {ResultOf(directory).GetProperty("tokens").GetInt64():N0} tokens of novels.").AppendLine();
    if (parts.Contains("acceptability")) Acceptability(opened);
    if (parts.Contains("tags")) Tags(opened);
}

if (parts.Contains("preferences") && Option("--stories") is { } stories) Preferences(stories);
File.WriteAllText(Path.Combine(output, "table.md"), report.ToString());
Console.WriteLine(report);

void Acceptability(AdaptBase opened)
{
    var items = MinimalPair.Read(Path.Combine(evaluation, "blimp.jsonl.gz")).GroupBy(pair => pair.Uid!).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
    // 20 of the 67 paradigms, evenly over their names.
    var judged = Enumerable.Range(0, items.Count).Where(i => i * 20 / items.Count != (i + 1) * 20 / items.Count).ToHashSet();
    report.AppendLine("## Acceptability").AppendLine();
    report.AppendLine($"{items.Count - judged.Count} paradigms of BLiMP to learn from, {judged.Count} others to judge by, {pairs} pairs of each; chance is 50 %.").AppendLine();
    Table(opened, "classification", Sentences(i => !judged.Contains(i)), Sentences(judged.Contains));

    TaskData Sentences(Func<int, bool> wanted) => new TaskData<LabelledText>(
    [
        .. from i in Enumerable.Range(0, items.Count).Where(wanted)
           from pair in items[i].Take(pairs)
           from sentence in new[] { (Text: pair.Good, Label: "acceptable"), (Text: pair.Bad, Label: "not") }
           select new LabelledText(sentence.Text, null, sentence.Label, items[i].Key),
    ]);
}

void Tags(AdaptBase opened)
{
    report.AppendLine("## Parts of speech").AppendLine();
    var (learned, judged) = (LabelledWords.ReadConllu(Path.Combine(evaluation, "ud-ewt-dev.conllu.gz")), LabelledWords.ReadConllu(Path.Combine(evaluation, "ud-ewt-test.conllu.gz")));
    report.AppendLine($"English EWT: {learned.Count:N0} sentences to learn from, {judged.Count:N0} to judge by.").AppendLine();
    Table(opened, "tokens", new TaskData<TaggedSentence>(learned), new TaskData<TaggedSentence>(judged));
}

void Table(AdaptBase opened, string task, TaskData data, TaskData test)
{
    var (training, validation) = data.Split(0.1, seed: 1);
    report.AppendLine("| method | trained | of the base | rate | right | 95 % by the sentences | over the seeds | memory of a step | time of a step, by full |");
    report.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    var rows = methods.Select(method => (Method: method, Runs: RunsOf(method))).ToList();
    var full = rows.FirstOrDefault(row => row.Method == "full").Runs?.Min(run => run.SecondsPerStep);
    foreach (var (method, runs) in rows.OrderByDescending(row => row.Runs.Average(run => run.Test)))
    {
        var (trained, first) = (runs[0].Trained, runs[0]);
        var spread = $"{runs.Min(run => run.Test):P1} to {runs.Max(run => run.Test):P1}";
        var time = full is { } reference ? $"{runs.Min(run => run.SecondsPerStep) / reference:0.00}" : "";
        report.AppendLine(
            $"| {method} | {trained:N0} | {(double)trained / opened.Model.Parameters.Count:P2} | {first.Rate:0.#e0} | {runs.Average(run => run.Test):P1} | {first.Low:P1} to {first.High:P1} | {spread} | {first.Bytes / 1e6:0.0} MB | {time} |");
    }

    report.AppendLine();

    // All rates with the first seed; the one with the best validation for the others.
    Run[] RunsOf(string method)
    {
        var best = rates.Select(rate => Once(method, rate, 1)).MaxBy(run => run.Validation)!;
        return [best, .. Enumerable.Range(2, seeds - 1).Select(seed => Once(method, best.Factor, seed))];
    }

    Run Once(string method, double factor, int seed)
    {
        var path = Path.Combine(output, task, $"{method}-{factor}-{seed}.json");
        if (File.Exists(path)) return JsonSerializer.Deserialize<Run>(File.ReadAllText(path))!;
        var recipe = RecipeOf(task, method, factor, seed, opened.Model.Configuration.Layers);
        Run run;
        try
        {
            var plan = AdaptPlan.For(opened, recipe, training, validation);
            using var adaptation = Adaptation.Prepare(opened, recipe, training, validation);
            var result = adaptation.Train();
            var tested = adaptation.Evaluate(test);
            var of = tested.Values[tested.Primary];
            run = new Run(adaptation.TrainedCount, recipe.Optimizer.LearningRate, factor, result.Validation!.Value, of.Value, of.Low, of.High, plan.Memory.Total, result.Seconds / result.Steps);
        }
        catch (Coppice.Foundation.CoppiceException error) when (error.ExitCode == Coppice.Foundation.ExitCode.Failed)
        {
            // A rate at which it diverges is one that is not chosen.
            Console.Error.WriteLine($"{task}, {method}, {factor} times the usual rate: {error.Message}");
            run = new Run(0, recipe.Optimizer.LearningRate, factor, double.MinValue, 0, 0, 0, 0, double.MaxValue);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(run));
        Console.Error.WriteLine($"{task}, {method}, rate {recipe.Optimizer.LearningRate:0.#e0}, seed {seed}: {run.Validation:P1} in validation, {run.Test:P1} in the test");
        return run;
    }
}

AdaptRecipe RecipeOf(string task, string method, double factor, int seed, int layers)
{
    var usual = AdaptRecipe.For(method == "head" ? "ia3" : method);
    var recipe = usual with
    {
        Seed = seed,
        Task = new TaskSection { Name = task },
        Training = usual.Training with { Epochs = task == "tokens" ? 2 * epochs : epochs, BatchSize = 16 },
        Optimizer = usual.Optimizer with { LearningRate = factor * (method == "full" ? 5e-4 : usual.Optimizer.LearningRate) },
    };
    return method switch
    {
        // The head alone: what lies below it learns nothing to speak of.
        "head" => recipe with { Optimizer = recipe.Optimizer with { LearningRate = factor * 1e-8 }, Training = recipe.Training with { HeadRateFactor = 1e6 } },
        // The published rates of full fine-tuning are for models a hundred times as large.
        "full" => recipe with { Training = recipe.Training with { HeadRateFactor = 2 } },
        "layers" => recipe with
        {
            Adapter = recipe.Adapter with { Layers = [layers - 1] }, Optimizer = recipe.Optimizer with { LearningRate = factor * 5e-4 }, Training = recipe.Training with { HeadRateFactor = 2 },
        },
        "lora" or "rslora" or "dora" or "pissa" or "vera" => recipe with { Adapter = recipe.Adapter with { Targets = [TargetPattern.AllLinear] } },
        _ => recipe,
    };
}

// Direct preference optimisation of a model that others trained: what a girl has shall be red, what a boy has blue. The last names are judged by alone.
void Preferences(string directory)
{
    string[] girls = ["Lily", "Mia", "Sue", "Amy", "Anna", "Lucy", "Sara", "Jane", "Emma", "Mary", "Kate", "Daisy"];
    string[] boys = ["Tim", "Tom", "Ben", "Max", "Sam", "Bob", "Jack", "John", "Joe", "Billy", "Fred", "Mark"];
    string[] things = ["ball", "box", "car", "toy", "hat", "bike"];
    using var opened = new AdaptBase(ModelDirectory.Load(directory, backend), Tokenizer.Load(directory), null);
    var (training, test, stories) = (Pairs(..9), Pairs(9..), OwnStories(40));
    var (before, perplexity) = (Chosen(opened.Model), Perplexity(opened.Model));
    report.AppendLine("## Preferences").AppendLine();
    report.AppendLine($"{training.Count} pairs of answers to learn from, {test.Count} with other names to judge by; {stories.Count} stories that the model itself wrote stand for all other text.").AppendLine();
    report.AppendLine("| | the preferred answer is drawn | perplexity of other text |");
    report.AppendLine("| --- | ---: | ---: |");
    report.AppendLine($"| stories260k | {before:P1} | {perplexity:0.000} |");
    var usual = AdaptRecipe.For("lora");
    foreach (var task in new[] { "dpo", "ipo", "simpo", "orpo" })
    {
        var recipe = usual with
        {
            Task = new TaskSection { Name = task }, Adapter = usual.Adapter with { Targets = [TargetPattern.AllLinear] },
            Optimizer = usual.Optimizer with { LearningRate = 5e-4 }, Training = usual.Training with { Epochs = 3, BatchSize = 16 },
        };
        using var adaptation = Adaptation.Prepare(opened, recipe, new TaskData<PreferencePair>(training), null);
        adaptation.Train();
        report.AppendLine($"| {task} | {Chosen(adaptation.Model):P1} | {Perplexity(adaptation.Model):0.000} |");
    }

    report.AppendLine();

    List<PreferencePair> Pairs(Range names) =>
    [
        .. from thing in things
           from child in girls[names].Select(name => (Name: name, Chosen: " red.", Rejected: " blue.")).Concat(boys[names].Select(name => (Name: name, Chosen: " blue.", Rejected: " red.")))
           select new PreferencePair($"{child.Name} had a {thing}. The {thing} was", child.Chosen, child.Rejected, "made here"),
    ];

    double Chosen(LanguageModel model) => PreferenceObjective.LogProbabilities(model, PreferenceRendering.Pairs(test, opened.Tokenizer, null, 128).Examples)
        .Average(both => 1 / (1 + Math.Exp(both[1] - both[0])));

    List<TaskExample> OwnStories(int count)
    {
        using var generator = new TextGenerator(opened.Model, opened.Tokenizer);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] story = [opened.Tokenizer.BeginOfText!.Value, .. generator.Generate("", new GenerationOptions { MaxTokens = 200, Temperature = 1, TopP = 1, Seed = (ulong)i }).Tokens];
            return new TaskExample([new TaskDocument(story[..^1], story[1..], [.. story.Skip(1).Select(_ => 1f)])], "made here");
        })];
    }

    double Perplexity(LanguageModel model)
    {
        using var evaluator = new TaskEvaluator(model);
        return Math.Exp(evaluator.Loss(new SupervisedObjective(), stories));
    }
}

string Pretrained()
{
    var run = Path.Combine(output, "base");
    var result = Path.Combine(run, "result.json");
    if (!File.Exists(result))
    {
        var coppice = Path.Combine(experiments, "..", "artifacts", "bin", "Coppice.Cli", "release", "coppice.dll");
        string[] arguments = [coppice, "pretrain", Path.Combine(experiments, "adapters-base.yaml"), Path.Combine(texts, "books.jsonl.gz"), "-o", run, "--resume", "--json"];
        if (Option("--steps") is { } steps) arguments = [.. arguments, "--set", $"training.steps={steps}"];
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"exit code {process.ExitCode}: {printed}");
        File.WriteAllText(result, printed);
    }

    return Path.Combine(run, "model");
}

JsonElement ResultOf(string model) => JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "..", "result.json"))).RootElement;

string? Option(string name) => Array.IndexOf(args, name) is var place and >= 0 ? args[place + 1] : null;

static string SourcePath([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

// A training and what it came to. Shares; bytes of a step at its highest.
internal sealed record Run(long Trained, double Rate, double Factor, double Validation, double Test, double Low, double High, long Bytes, double SecondsPerStep);
