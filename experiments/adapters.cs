// What methods of fine-tuning with few parameters are worth beside fine-tuning all of them, on one base that is pre-trained here: (a) whether a sentence is acceptable, told for
// phenomena of BLiMP that were not trained on; (b) parts of speech; and (c) whether what the methods' papers claim of each shows at this size, on parts of speech too. Each method
// with the best of three learning rates, by sentences that are neither trained on nor judged by.
//
//   dotnet run -c Release experiments/adapters.cs -- TEXTS EVAL -o OUT [--parts acceptability,tags,claims,preferences] [--methods full,lora,...] [--seeds 3] [--rates 0.33,1,3]
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
var parts = (Option("--parts") ?? "acceptability,tags,claims,preferences").Split(',');
var methods = (Option("--methods") ?? "full,head,lora,rslora,dora,pissa,vera,ia3,bitfit,houlsby,scaled-parallel,prefix,layers").Split(',');
var seeds = int.Parse(Option("--seeds") ?? "3");
var rates = (Option("--rates") ?? "0.33,1,3").Split(',').Select(double.Parse).ToArray();
var epochs = int.Parse(Option("--epochs") ?? "3");
var pairs = int.Parse(Option("--pairs") ?? "100");
var experiments = Path.GetDirectoryName(Path.GetFullPath(SourcePath()))!;
Directory.CreateDirectory(output);
var report = new StringBuilder();
using var backend = Backends.Create();

if (parts.Any(part => part is "acceptability" or "tags" or "claims"))
{
    var directory = Pretrained();
    using var opened = new AdaptBase(ModelDirectory.Load(directory, backend), Tokenizer.Load(directory), null);
    report.AppendLine($"The base: {opened.Model.Parameters.Count:N0} parameters, {ResultOf(directory).GetProperty("tokens").GetInt64():N0} tokens of novels.").AppendLine();
    if (parts.Contains("acceptability")) Acceptability(opened);
    if (parts.Contains("tags")) Tags(opened);
    if (parts.Contains("claims")) Claims(opened);
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
    var (learned, judged) = TaggedSentences();
    report.AppendLine("## Parts of speech").AppendLine();
    report.AppendLine($"English EWT: {learned.Count:N0} sentences to learn from, {judged.Count:N0} to judge by.").AppendLine();
    Table(opened, "tokens", learned, judged);
}

(TaskData Learned, TaskData Judged) TaggedSentences() => (
    new TaskData<TaggedSentence>(LabelledWords.ReadConllu(Path.Combine(evaluation, "ud-ewt-dev.conllu.gz"))),
    new TaskData<TaggedSentence>(LabelledWords.ReadConllu(Path.Combine(evaluation, "ud-ewt-test.conllu.gz"))));

// What papers say of a method against another, in points of accuracy: what is measured is the mean over the seeds.
void Claims(AdaptBase opened)
{
    (string Method, string Against, double Least, string Says)[] claims =
    [
        ("rslora-32", "lora-32", 0, "the root of the rank lets high ranks learn"), ("dora", "lora", -0.5, "direction and size apart: at or above LoRA"),
        ("pissa", "lora", 0, "principal parts learn faster"), ("lora+", "lora", 0, "a faster second factor learns more in the same steps"),
        ("vera", "lora", -2, "random matrices and two vectors: near LoRA with a tenth of the values"), ("adalora", "lora-2", -0.5, "a budget that goes where it helps beats an even one"),
        ("increlora", "adalora", -0.5, "growing beats shrinking at low budgets"), ("svft", "full", -5, "singular values: most of full's gain with a thousandth of the values"),
        ("kasa", "lora", -0.5, "at or above LoRA"), ("dsee", "lora", -1, "low rank and a few entries: at LoRA"), ("said", "head", 0, "a few hundred directions go far"),
        ("ia3", "lora", -2, "three vectors a layer: near LoRA"), ("bitfit", "full", -3, "biases alone come near full"), ("houlsby", "full", -3, "within a point of full with few values"),
        ("pfeiffer", "houlsby", -1, "one adapter a layer does it"), ("parallel", "pfeiffer", -1, "beside is as good as behind"), ("scaled-parallel", "pfeiffer", 0, "scaled beside is better"),
        ("p-tuning", "prompt", 0, "a network in front of the prompt helps"), ("prefix", "prompt", 0, "keys and values in each layer do more than a prompt"),
        ("fish", "full", -2, "a few percent of the values, those with most information, equal full"), ("fish", "neft-random", 0, "and is no accident"), ("gmt", "full", -1, "the largest gradients suffice"),
        ("neft", "neft-random", 0, "neurons that a probe changes are those to train"), ("hift", "full", -2, "group by group reaches full, in more steps"),
        ("lst", "lora", -2, "a ladder at the side: near LoRA, with half its memory"),
    ];
    var (learned, judged) = TaggedSentences();
    var (training, validation) = learned.Split(0.1, seed: 1);
    var wanted = Option("--methods") is { } chosen ? chosen.Split(',').ToHashSet() : null;
    var runs = new Dictionary<string, Run[]>();
    report.AppendLine("## What the papers say").AppendLine();
    report.AppendLine("On parts of speech. Measured: points of accuracy above the other, mean over the seeds; it holds where they are not below what stands there.").AppendLine();
    report.AppendLine("| method | against | claim | at least | measured | holds | values, by the other's | memory | time of a step |");
    report.AppendLine("| --- | --- | --- | ---: | ---: | --- | ---: | ---: | ---: |");
    foreach (var (method, against, least, says) in claims.Where(claim => wanted?.Contains(claim.Method) ?? true))
    {
        var (own, other) = (Of(method), Of(against));
        var measured = 100 * (own.Average(run => run.Test) - other.Average(run => run.Test));
        report.AppendLine(
            $"| {method} | {against} | {says} | {least:0.#} | {measured:+0.0;-0.0} | {(measured >= least ? "yes" : "no")} | {(double)own[0].Trained / other[0].Trained:0.000} | {(double)own[0].Bytes / other[0].Bytes:0.00} | {own.Min(run => run.SecondsPerStep) / other.Min(run => run.SecondsPerStep):0.00} |");
    }

    report.AppendLine();

    Run[] Of(string method)
    {
        if (!runs.TryGetValue(method, out var of)) runs[method] = of = RunsOf(opened, "tokens", method, training, validation, judged);
        return of;
    }
}

void Table(AdaptBase opened, string task, TaskData data, TaskData test)
{
    var (training, validation) = data.Split(0.1, seed: 1);
    report.AppendLine("| method | trained | of the base | rate | right | 95 % by the sentences | over the seeds | memory of a step | time of a step, by full |");
    report.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    var rows = methods.Select(method => (Method: method, Runs: RunsOf(opened, task, method, training, validation, test))).ToList();
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
}

// All rates with the first seed; the one with the best validation for the others.
Run[] RunsOf(AdaptBase opened, string task, string method, TaskData training, TaskData validation, TaskData test)
{
    var best = rates.Select(rate => Once(rate, 1)).MaxBy(run => run.Validation)!;
    return [best, .. Enumerable.Range(2, seeds - 1).Select(seed => Once(best.Factor, seed))];

    Run Once(double factor, int seed)
    {
        var path = Path.Combine(output, task, $"{method}-{factor}-{seed}.json");
        if (File.Exists(path)) return JsonSerializer.Deserialize<Run>(File.ReadAllText(path))!;
        var recipe = RecipeOf(task, method, factor, seed, opened.Model.Configuration, training.Count);
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
        Console.Error.WriteLine($"{task}, {method}, rate {recipe.Optimizer.LearningRate:0.#e0}, seed {seed}: {run.Validation:P1} in validation, {run.Test:P1} in the test, {1000 * run.SecondsPerStep:0.0} ms a step");
        return run;
    }
}

// What differs from what is usual for a method. The published rates of full fine-tuning are for models a hundred times as large.
AdaptRecipe RecipeOf(string task, string method, double factor, int seed, ModelConfiguration model, int examples)
{
    var passes = task == "tokens" ? 2 * epochs : epochs;
    var steps = passes * ((examples + 15) / 16);
    const string AllLinear = "adapter.targets=[all-linear]";
    string[] keys = method switch
    {
        "full" => ["adapter.method=full", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        // The head alone: what lies below it learns nothing to speak of.
        "head" => ["adapter.method=ia3", "optimizer.learning_rate=1e-8", "training.head_rate_factor=1e6"],
        "layers" => ["adapter.method=layers", $"adapter.layers=[{model.Layers - 1}]", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "lora" or "dora" or "rslora" or "pissa" or "vera" or "kasa" or "dsee" => [$"adapter.method={method}", AllLinear],
        "lora-2" => ["adapter.method=lora", "adapter.rank=2", AllLinear],
        "lora-32" => ["adapter.method=lora", "adapter.rank=32", AllLinear],
        "rslora-32" => ["adapter.method=rslora", "adapter.rank=32", AllLinear],
        "lora+" => ["adapter.method=lora", "adapter.lora_plus_ratio=16", "optimizer.learning_rate=2e-4", AllLinear],
        "adalora" => ["adapter.method=adalora", "adapter.rank=3", "adapter.ada_lora.target_rank=2", $"adapter.ada_lora.warm_up={steps / 10}", $"adapter.ada_lora.final={3 * steps / 10}", AllLinear],
        "increlora" => ["adapter.method=increlora", "adapter.rank=6", "adapter.incre_lora.target_rank=2", $"adapter.incre_lora.warm_up={steps / 10}", $"adapter.incre_lora.interval={Math.Max(1, steps / 20)}", AllLinear],
        "svft" => ["adapter.method=svft", "optimizer.learning_rate=2e-2", AllLinear],
        "said" => ["adapter.method=said", "adapter.said.dimension=400", "optimizer.learning_rate=1e-2", AllLinear],
        "houlsby" or "pfeiffer" or "parallel" or "scaled-parallel" => [$"adapter.method={method}", "adapter.rank=32"],
        "prompt" or "p-tuning" => [$"adapter.method={method}", "optimizer.learning_rate=1e-2"],
        "prefix" => ["adapter.method=prefix", "adapter.prompt.tokens=8", "optimizer.learning_rate=5e-3"],
        "fish" => ["adapter.method=fish", "adapter.fish.share=0.05", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "gmt" => ["adapter.method=gmt", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "neft" => ["adapter.method=neft", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "neft-random" => ["adapter.method=neft", "adapter.neft.choice=random", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "hift" => ["adapter.method=hift", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "lst" => ["adapter.method=lst", "adapter.lst.reduction=4", "optimizer.learning_rate=3e-3"],
        _ => [$"adapter.method={method}"],
    };
    // A group of HiFT learns in one of so many steps.
    if (method == "hift") passes *= model.Layers + 2;
    var recipe = AdaptRecipe.Parse("", method, [$"task.name={task}", $"seed={seed}", $"training.epochs={passes}", "training.batch_size=16", .. keys]);
    return recipe with { Optimizer = recipe.Optimizer with { LearningRate = factor * recipe.Optimizer.LearningRate } };
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
            Task = new TaskSection { Name = task, Beta = task is "dpo" or "ipo" ? 0.5 : 0 }, Adapter = usual.Adapter with { Targets = [TargetPattern.AllLinear] },
            Optimizer = usual.Optimizer with { LearningRate = 5e-4 }, Training = usual.Training with { Epochs = 8, BatchSize = 16 },
        };
        using var adaptation = Adaptation.Prepare(opened, recipe, new TaskData<PreferencePair>(training), null);
        adaptation.Train();
        report.AppendLine($"| {task} | {Chosen(adaptation.Model):P1} | {Perplexity(adaptation.Model):0.000} |");
    }

    report.AppendLine();

    List<PreferencePair> Pairs(Range names) =>
    [
        .. from thing in things
           from child in girls[names].Select(name => (Text: $"{name} had a {thing}. She liked her {thing}.", Chosen: " red.", Rejected: " blue."))
               .Concat(boys[names].Select(name => (Text: $"{name} had a {thing}. He liked his {thing}.", Chosen: " blue.", Rejected: " red.")))
           select new PreferencePair($"{child.Text} The {thing} was", child.Chosen, child.Rejected, "made here"),
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
