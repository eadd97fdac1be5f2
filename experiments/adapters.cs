// What methods of fine-tuning with few parameters are worth beside fine-tuning all of them, on one base that is pre-trained here: (a) whether a sentence is acceptable, told for
// phenomena of BLiMP that were not trained on; (b) parts of speech; and (c) whether what the methods' papers claim of each shows at this size, on parts of speech too. Each method
// with the best of three learning rates, by sentences that are neither trained on nor judged by.
//
//   dotnet run -c Release experiments/adapters.cs -- TEXTS EVAL -o OUT [--parts acceptability,tags,claims] [--methods full,lora,...] [--seeds 3] [--rates 0.33,1,3] [--epochs 3]
//       [--pairs 100] [--steps 4000] [--threads 0]
//
// TEXTS holds books.jsonl.gz, EVAL blimp.jsonl.gz and ud-ewt-{dev,test}.conllu.gz. What is in OUT already is not computed again. Build first: dotnet build -c Release. The tables
// are written to OUT/table.md. Memory is what a step is planned to hold, which doesn't depend on what ran before. Preferences are in preferences.cs.
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
using Coppice.Adapters.Directories;
using Coppice.Adapters.Methods;
using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Loop;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 2) throw new ArgumentException("usage: adapters.cs TEXTS EVAL -o OUT");
var (texts, evaluation) = (args[0], args[1]);
var output = Path.GetFullPath(Option("-o") ?? throw new ArgumentException("-o OUT is missing"));
var parts = (Option("--parts") ?? "acceptability,tags,claims").Split(',');
var methods = (Option("--methods") ?? "full,head,lora,rslora,dora,pissa,vera,ia3,bitfit,houlsby,scaled-parallel,prefix,layers").Split(',');
var seeds = int.Parse(Option("--seeds") ?? "3");
var rates = (Option("--rates") ?? "0.33,1,3").Split(',').Select(double.Parse).ToArray();
var epochs = int.Parse(Option("--epochs") ?? "3");
var pairs = int.Parse(Option("--pairs") ?? "100");
int[] subspaceSizes = [50, 200, 800, 3200, 12800];
var experiments = Path.GetDirectoryName(Path.GetFullPath(SourcePath()))!;
Directory.CreateDirectory(output);
var report = new StringBuilder();
using var backend = Backends.Create(int.Parse(Option("--threads") ?? "0"));

var directory = Pretrained();
using var opened = new AdaptBase(ModelDirectory.Load(directory, backend), Tokenizer.Load(directory), null);
var quantized = new Dictionary<Quantization, AdaptBase>();
report.AppendLine($"The base: {opened.Model.Parameters.Count:N0} parameters, {ResultOf(directory).GetProperty("tokens").GetInt64():N0} tokens of novels.").AppendLine();
if (parts.Contains("acceptability")) Acceptability();
if (parts.Contains("tags")) Tags();
if (parts.Contains("claims")) Claims();
foreach (var other in quantized.Values) other.Dispose();
File.WriteAllText(Path.Combine(output, "table.md"), report.ToString());
Console.WriteLine(report);

void Acceptability()
{
    var items = MinimalPair.Read(Path.Combine(evaluation, "blimp.jsonl.gz")).GroupBy(pair => pair.Uid!).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
    // 20 of the 67 paradigms, evenly over their names.
    var judged = Enumerable.Range(0, items.Count).Where(i => i * 20 / items.Count != (i + 1) * 20 / items.Count).ToHashSet();
    report.AppendLine("## Acceptability").AppendLine();
    report.AppendLine($"{items.Count - judged.Count} paradigms of BLiMP to learn from, {judged.Count} others to judge by, {pairs} pairs of each; chance is 50 %.").AppendLine();
    Table("classification", Sentences(i => !judged.Contains(i)), Sentences(judged.Contains));

    TaskData Sentences(Func<int, bool> wanted) => new TaskData<LabelledText>(
    [
        .. from i in Enumerable.Range(0, items.Count).Where(wanted)
           from pair in items[i].Take(pairs)
           from sentence in new[] { (Text: pair.Good, Label: "acceptable"), (Text: pair.Bad, Label: "not") }
           select new LabelledText(sentence.Text, null, sentence.Label, items[i].Key),
    ]);
}

void Tags()
{
    var (learned, judged) = TaggedSentences();
    report.AppendLine("## Parts of speech").AppendLine();
    report.AppendLine($"English EWT: {learned.Count:N0} sentences to learn from, {judged.Count:N0} to judge by.").AppendLine();
    Table("tokens", learned, judged);
}

(TaskData Learned, TaskData Judged) TaggedSentences() => (
    new TaskData<TaggedSentence>(LabelledWords.ReadConllu(Path.Combine(evaluation, "ud-ewt-dev.conllu.gz"))),
    new TaskData<TaggedSentence>(LabelledWords.ReadConllu(Path.Combine(evaluation, "ud-ewt-test.conllu.gz"))));

// What papers say of a method against another, on parts of speech.
void Claims()
{
    var (learned, judged) = TaggedSentences();
    var (training, validation) = learned.Split(0.1, seed: 1);
    var wanted = Option("--methods") is { } chosen ? chosen.Split(',').ToHashSet() : null;
    var runs = new Dictionary<string, Run[]>();
    var sequences = new Dictionary<string, Sequence[]>();

    Measure points = new("at least {0:0.#} points", "{0:+0.0;-0.0;0.0}", (method, against) => 100 * (Right(method) - Right(against)));
    Measure score = new("at least {0:0.##} of what it gets right", "{0:0.000}", (method, against) => Right(method) / Right(against));
    Measure gain = new("at least {0:0.##} of its gain over the head", "{0:0.000}", (method, against) => (Right(method) - Right("head")) / (Right(against) - Right("head")));
    Measure loss = new("at most {0:0.##} of its loss in training", "{0:0.000}", (method, against) => Of(method).Average(run => run.TrainLoss) / Of(against).Average(run => run.TrainLoss), AtMost: true);
    Measure memory = new("at most {0:0.##} of its memory", "{0:0.00}", (method, against) => (double)Of(method)[0].Bytes / Of(against)[0].Bytes, AtMost: true);
    Measure largeMemory = new("at most {0:0.##} of its memory at 12 layers", "{0:0.00}", (method, against) => LargeMemory(method, training, validation) / LargeMemory(against, training, validation), AtMost: true);
    Measure kept = new("at least {0:0.#} points of the first task", "{0:+0.0;-0.0;0.0}", (method, against) => 100 * (Kept(method) - Kept(against)));
    Measure second = new("at least {0:0.#} points of the second task", "{0:+0.0;-0.0;0.0}", (method, against) => 100 * (InTurn(method).Average(run => run.Second) - InTurn(against).Average(run => run.Second)));
    Measure web = new("at most {0:0.##} of its loss on the sentences", "{0:0.000}", (_, _) => Domain().Loss.WebAfter / Domain().Loss.WebBefore, AtMost: true);
    Measure novels = new("at most {0:0.##} of its loss on novels", "{0:0.000}", (_, _) => Domain().Loss.NovelsAfter / Domain().Loss.NovelsBefore, AtMost: true);

    (string Method, string Against, Measure Measure, double Bar, string Says)[] claims =
    [
        ("rslora-32", "lora-32", points, 0, "the root of the rank lets high ranks learn"),
        ("rslora-a16-64", "rslora-a16-4", points, 0, "with alpha and rate fixed, it gets better with the rank"), ("rslora-a16-64", "lora-a16-64", points, 0, "and LoRA does not"),
        ("dora", "lora", points, -0.5, "direction and size apart: at or above LoRA"), ("lora-dropout", "lora", points, -0.5, "dropout of a tenth does no harm"),
        ("pissa", "lora", points, 0, "principal parts learn more"), ("pissa-short", "lora-short", points, 0, "and faster: after a fifth of the steps"),
        ("pissa-short", "lora-short", loss, 1, "likewise"),
        ("lora+", "lora", points, 0, "a faster second factor learns more in the same steps"), ("lora+-short", "lora-short", points, 0, "and after a fifth of them"),
        ("lora-int8", "lora", points, -0.5, "on 8 bits as on 32"), ("lora-int4", "lora", points, -0.5, "QLoRA: on 4 bits as on 32"),
        ("unmasked-0011", "lora", points, 0, "the upper half of the layers sees both directions: tags better"), ("unmasked-1111", "lora", points, 0, "all layers do"),
        ("vera", "lora", points, -2, "random matrices and two vectors: near LoRA with a tenth of the values"), ("adalora", "lora-2", points, -0.5, "a budget that goes where it helps beats an even one"),
        ("increlora", "adalora", points, -0.5, "growing beats shrinking at low budgets"), ("svft", "full", points, -5, "singular values: most of full's gain with a thousandth of the values"),
        ("kasa", "lora", points, -0.5, "at or above LoRA"), ("dsee", "lora", points, -1, "low rank and a few entries: at LoRA"), ("said", "head", points, 0, "a few hundred directions go far"),
        ("said-3200", "full", score, 0.9, "a few thousand numbers in a random subspace reach nine tenths of full"), ("said-3200", "full", gain, 0.9, "the same, without what the head does alone"),
        ("ia3", "lora", points, -2, "three vectors a layer: near LoRA"), ("bitfit", "full", points, -3, "biases alone come near full"),
        ("layers", "full", score, 0.9, "the last fourth of the layers reaches nine tenths of full"), ("layers", "full", gain, 0.9, "the same, without what the head does alone"),
        ("houlsby", "full", points, -3, "within a point of full with few values"), ("pfeiffer", "houlsby", points, -1, "one adapter a layer does it"),
        ("parallel", "pfeiffer", points, -1, "beside is as good as behind"), ("scaled-parallel", "pfeiffer", points, 0, "scaled beside is better"),
        ("mixda-domain", "the base", web, 1, "learns a domain from its text alone"), ("mixda-domain", "the base", novels, 1.01, "and leaves other text as it is"),
        ("mixda", "pfeiffer-swish", points, 0, "an adapter learns a task better over what was learned of its domain"),
        ("p-tuning", "prompt", points, 0, "a network in front of the prompt helps"), ("prefix", "prompt", points, 0, "keys and values in each layer do more than a prompt"),
        ("sparc", "prompt", points, -2, "a prompt in a subspace does what others do, with an eighth of the values"), ("sparc", "full", kept, 0, "in turn, it forgets less"),
        ("sparc", "prompt", kept, 0, "likewise"), ("sparc", "prompt", second, -2, "and learns the second task"),
        ("fish", "full", points, -1, "5 % of the values, those with most information, come within a point of full"), ("fish-0.005", "full", points, -1, "so do 0.5 %"),
        ("fish", "neft-random", points, 0, "and it is no accident"), ("gmt", "full", points, -1, "the largest gradients suffice"),
        ("neft", "neft-random", points, 0, "neurons that a probe changes are those to train"), ("hift", "full", points, -2, "group by group reaches full, in more steps"),
        ("lst", "lora", points, -2, "a ladder at the side: near LoRA"), ("lst", "lora", memory, 0.5, "with half its memory"), ("lst", "lora", largeMemory, 0.5, "likewise"),
        ("qst", "lora", points, -2, "a network beside a model in 4 bits: near LoRA"), ("qst", "lora", memory, 0.5, "with half its memory"), ("qst", "lora", largeMemory, 0.5, "likewise"),
        ("qst", "lora-int4", largeMemory, 0.5, "and half of QLoRA's"),
    ];
    report.AppendLine("## What the papers say").AppendLine();
    report.AppendLine("On parts of speech, means over the seeds; points are of accuracy, above the other's. Memory at 12 layers: width 768, 100 sentences a step. The first and the second");
    report.AppendLine("task: parts of speech, then relations. The domain of mixda: the sentences to learn from, without labels.").AppendLine();
    report.AppendLine("| method | against | claim | it holds with | measured | holds | values, by the other's | memory | time of a step |");
    report.AppendLine("| --- | --- | --- | --- | ---: | --- | ---: | ---: | ---: |");
    foreach (var (method, against, measure, bar, says) in claims.Where(claim => wanted?.Contains(claim.Method) ?? true))
    {
        var measured = measure.Of(method, against);
        var holds = measure.AtMost ? measured <= bar : measured >= bar;
        var costs = runs.TryGetValue(method, out var own) && runs.TryGetValue(against, out var other)
            ? $"{(double)own[0].Trained / other[0].Trained:0.000} | {(double)own[0].Bytes / other[0].Bytes:0.00} | {own.Min(run => run.SecondsPerStep) / other.Min(run => run.SecondsPerStep):0.00}"
            : "| |";
        report.AppendLine($"| {method} | {against} | {says} | {string.Format(measure.Holds, bar)} | {string.Format(measure.Measured, measured)} | {(holds ? "yes" : "no")} | {costs} |");
    }

    report.AppendLine();
    if (wanted?.Contains("said-3200") ?? true) Dimensions();
    if (wanted?.Contains("rslora-a16-64") ?? true) Ranks();

    // The intrinsic dimension is the smallest that does nine tenths of what full does: by the paper of its score, and more strictly of what it gains over the head alone.
    void Dimensions()
    {
        var sweep = subspaceSizes.Select(size => (Size: size, Score: score.Of($"said-{size}", "full"), Gain: gain.Of($"said-{size}", "full"))).ToList();
        report.AppendLine($"Numbers in one random subspace of all projections, which the head is trained beside. Full gets {Right("full"):P1} right, the head alone {Right("head"):P1}.").AppendLine();
        report.AppendLine("| numbers | right | of full's | of full's gain over the head |").AppendLine("| ---: | ---: | ---: | ---: |");
        foreach (var (size, ofScore, ofGain) in sweep) report.AppendLine($"| {size:N0} | {Right($"said-{size}"):P1} | {ofScore:0.000} | {ofGain:0.000} |");
        report.AppendLine().AppendLine($"d90 is {Reached(sweep.Where(point => point.Score >= 0.9))} by the paper's criterion, a score of 0.9 of full's, and {Reached(sweep.Where(point => point.Gain >= 0.9))} where the head's own does not count.").AppendLine();

        string Reached(IEnumerable<(int Size, double, double)> enough) => enough.Select(point => $"at most {point.Size:N0}").FirstOrDefault($"above {subspaceSizes[^1]:N0}");
    }

    void Ranks()
    {
        report.AppendLine("Alpha is 16 and the rate the one that is best for LoRA of rank 4.").AppendLine().AppendLine("| rank | lora | rslora |").AppendLine("| ---: | ---: | ---: |");
        foreach (var rank in new[] { 4, 32, 64 }) report.AppendLine($"| {rank} | {Right($"lora-a16-{rank}"):P1} | {Right($"rslora-a16-{rank}"):P1} |");
        report.AppendLine();
    }

    Run[] Of(string method)
    {
        if (!runs.TryGetValue(method, out var of)) runs[method] = of = RunsOf("tokens", method, training, validation, judged);
        return of;
    }

    double Right(string method) => Of(method).Average(run => run.Test);

    Sequence[] InTurn(string method)
    {
        if (!sequences.TryGetValue(method, out var of)) sequences[method] = of = [.. Enumerable.Range(1, seeds).Select(seed => SequenceOf(method, Of(method)[0].Factor, seed))];
        return of;
    }

    double Kept(string method) => InTurn(method).Average(run => run.Kept - run.First);
}

// The memory of a step at the size of GPT-2 and with a hundred sentences: there activations weigh more than the runtime and the weights, of which no method saves any.
double LargeMemory(string method, TaskData training, TaskData validation)
{
    using var planning = new PlanningBackend();
    var shape = (Gpt2Configuration)opened.Model.Configuration with { Layers = 12, HiddenSize = 768, Heads = 12, IntermediateSize = 3072 };
    using var large = new AdaptBase(shape.Create(planning, trainable: false), opened.Tokenizer, null);
    var recipe = RecipeOf("tokens", method, 1, 1, shape, training.Count);
    return AdaptPlan.For(large, recipe with { Training = recipe.Training with { BatchSize = 100, BatchTokens = 8192 } }, training, validation).Memory.Total;
}

// Parts of speech, then the same words' relations to others, by a method whose first task is trained on: what is right of the first before and after, and of the second.
Sequence SequenceOf(string method, double factor, int seed)
{
    var path = Path.Combine(output, "sequences", $"{method}-{factor}-{seed}.json");
    if (File.Exists(path)) return JsonSerializer.Deserialize<Sequence>(File.ReadAllText(path))!;
    var ((tags, judgedTags), (relations, judgedRelations)) = (TaggedSentences(), Relations());
    var ((training, validation), (laterTraining, laterValidation)) = (tags.Split(0.1, seed: 1), relations.Split(0.1, seed: 1));
    var recipe = RecipeOf("tokens", method, factor, seed, opened.Model.Configuration, training.Count);
    using var first = Adaptation.Prepare(opened, recipe, training, validation, add: Added(recipe, training));
    first.Train();
    var before = Right(first, judgedTags);
    first.Adapters?.Deactivate();
    double second;
    // Full goes on with the same weights, a prompt with the same prompt; sparc has one for each task.
    var add = method switch
    {
        "full" => null,
        "sparc" => Added(recipe, laterTraining, AdapterContents.Of(first.Adapter!)),
        _ => (set, name) => AdapterContents.Of(first.Adapter!).AddTo(set, name, trainable: true),
    };
    using (var later = Adaptation.Prepare(method == "full" ? opened with { Model = first.Model } : opened, recipe, laterTraining, laterValidation, add: add))
    {
        later.Train();
        second = Right(later, judgedRelations);
        if (method == "prompt") first.Adapter!.Parameters.Values.CopyFrom(later.Adapter!.Parameters.Values);
    }

    if (first.Adapter is { } adapter) first.Adapters!.Activate(adapter.Name);
    var sequence = new Sequence(before, Right(first, judgedTags), second);
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    File.WriteAllText(path, JsonSerializer.Serialize(sequence));
    Console.Error.WriteLine($"in turn, {method}, seed {seed}: {sequence.First:P1} of the first task, {sequence.Kept:P1} behind the second, of which {sequence.Second:P1}");
    return sequence;

    static double Right(Adaptation adaptation, TaskData judged) => adaptation.Evaluate(judged).Value;
}

// Without the finer distinctions, and without relations of which there are few examples.
(TaskData Learned, TaskData Judged) Relations()
{
    var (learned, judged) = (Read("dev"), Read("test"));
    var usual = learned.SelectMany(sentence => sentence.Words).GroupBy(word => word.Tag).Where(group => group.Count() >= 20).Select(group => group.Key).ToHashSet();
    return (Usual(learned), Usual(judged));

    List<TaggedSentence> Read(string part) => [.. LabelledWords.ReadConllu(Path.Combine(evaluation, $"ud-ewt-{part}.conllu.gz"), "deprel")
        .Select(sentence => sentence with { Words = [.. sentence.Words.Select(word => word with { Tag = word.Tag.Split(':')[0] })] })];

    TaskData Usual(List<TaggedSentence> sentences) => new TaskData<TaggedSentence>(
        [.. sentences.Select(sentence => sentence with { Words = [.. sentence.Words.Where(word => usual.Contains(word.Tag))] }).Where(sentence => sentence.Words.Count > 0)]);
}

// Adapters that a recipe alone doesn't make.
Func<AdapterSet, string, Adapter>? Added(AdaptRecipe recipe, TaskData training, params AdapterContents[] earlier)
{
    var (settings, seed) = (recipe.Adapter.ToSettings(), (ulong)recipe.Seed);
    if (settings.Method == "sparc")
    {
        int[] tokens = [.. ((TaskData<TaggedSentence>)training).Items.SelectMany(sentence => TokensOf(sentence.Text))];
        return (set, name) => Sparc.Add(set, name, settings, tokens, earlier, seed).Adapter;
    }

    if (settings.Method != "mixda") return null;
    var domain = Domain().Adapter;
    return (set, name) => MixDa.Join(set, name, settings, [("web", domain)], seed);
}

// The first stage of MixDA: an adapter that learns the sentences to learn from as text, without labels, and stays silent on novels. Measured on the sentences to judge by, and
// on other pages of the novels.
(AdapterContents Adapter, DomainLoss Loss) Domain()
{
    var folder = Path.Combine(output, "mixda-domain");
    var losses = Path.Combine(folder, "losses.json");
    using var set = new AdapterSet(opened.Model);
    if (File.Exists(losses)) return (AdapterContents.Of(AdapterDirectory.Load(folder, set, "web")), JsonSerializer.Deserialize<DomainLoss>(File.ReadAllText(losses))!);
    const int Passes = 4;
    var (learned, judged) = TaggedSentences();
    var (pages, otherPages) = Pages();
    var (training, test) = (Sentences(learned), Sentences(judged));
    using var evaluator = new TaskEvaluator(opened.Model);
    var (webBefore, novelsBefore) = (Loss(test), Loss(otherPages));
    var adapter = set.Add("web", new AdapterSettings { Method = "mixda-domain", Rank = 32 }, seed: 1);
    set.Activate("web");
    var (sampler, general) = (new TaskSampler(training, 16, 4096, 1), new TaskSampler(pages, 8, 4096, 1));
    var steps = Passes * sampler.StepsPerEpoch;
    using (var trainer = new Trainer(
        opened.Model, new DomainObjective(new SupervisedObjective(), adapter, _ => general.Next()[0]), OptimizerRegistry.Create(adapter.Parameters, new OptimizerSection { WeightDecay = 0 }), 1, parameters: adapter.Parameters))
    {
        for (var step = 0; step < steps; step++) trainer.Apply(trainer.ComputeGradients(sampler.Next(), step), 2e-3 * (steps - step) / steps);
    }

    var loss = new DomainLoss(webBefore, Loss(test), novelsBefore, Loss(otherPages));
    AdapterDirectory.Save(folder, set, "web");
    File.WriteAllText(losses, JsonSerializer.Serialize(loss));
    Console.Error.WriteLine($"mixda-domain: {loss}");
    return (AdapterContents.Of(adapter), loss);

    double Loss(IReadOnlyList<TaskExample> examples) => evaluator.Loss(new SupervisedObjective(), examples);

    List<TaskExample> Sentences(TaskData data) => Documents(((TaskData<TaggedSentence>)data).Items.Select(sentence => sentence.Text));

    // Of every eighth chapter the beginning, in turn for learning and for measuring.
    (List<TaskExample>, List<TaskExample>) Pages()
    {
        var chapters = UnlabelledText.Read(Path.Combine(texts, "books.jsonl.gz")).Where((_, i) => i % 8 == 0).Select(chapter => chapter.Text[..Math.Min(chapter.Text.Length, 4000)]).ToList();
        return (Documents(chapters.Where((_, i) => i % 2 == 0)), Documents(chapters.Where((_, i) => i % 2 == 1)));
    }

    List<TaskExample> Documents(IEnumerable<string> all) =>
    [
        .. from text in all
           from tokens in TokensOf(text).Chunk(opened.Model.Configuration.MaxPositions + 1)
           where tokens.Length > 1
           select new TaskExample([new TaskDocument(tokens[..^1], tokens[1..], [.. tokens.Skip(1).Select(_ => 1f)])], "made here"),
    ];
}

int[] TokensOf(string text)
{
    var tokens = new List<int>();
    opened.Tokenizer.Encode(text, tokens);
    return [.. tokens];
}

void Table(string task, TaskData data, TaskData test)
{
    var (training, validation) = data.Split(0.1, seed: 1);
    report.AppendLine("| method | trained | of the base | rate | right | 95 % by the sentences | over the seeds | memory of a step | time of a step, by full |");
    report.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    var rows = methods.Select(method => (Method: method, Runs: RunsOf(task, method, training, validation, test))).ToList();
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

// All rates with the first seed; the one with the best validation for the others. What only differs from another method in something else takes that one's rate, and points of a
// sweep by which nothing is judged have the first seed alone.
Run[] RunsOf(string task, string method, TaskData training, TaskData validation, TaskData test)
{
    var leader = method switch
    {
        "lora-int8" or "lora-int4" or "lora-dropout" or "unmasked-0011" or "unmasked-1111" => "lora",
        "pfeiffer-swish" => "pfeiffer",
        "said-50" or "said-200" or "said-800" => "said",
        "said-12800" => "said-3200",
        "lora-a16-32" or "lora-a16-64" or "rslora-a16-4" or "rslora-a16-32" or "rslora-a16-64" => "lora-a16-4",
        _ => null,
    };
    var between = method is "lora-a16-32" or "rslora-a16-32" || (method.StartsWith("said-") && method != "said-3200");
    var factors = leader is null ? rates : [RunsOf(task, leader, training, validation, test)[0].Factor];
    var best = factors.Select(factor => Once(factor, 1)).MaxBy(run => run.Validation)!;
    return between ? [best] : [best, .. Enumerable.Range(2, seeds - 1).Select(seed => Once(best.Factor, seed))];

    Run Once(double factor, int seed)
    {
        var path = Path.Combine(output, task, $"{method}-{factor}-{seed}.json");
        if (File.Exists(path)) return JsonSerializer.Deserialize<Run>(File.ReadAllText(path))!;
        var recipe = RecipeOf(task, method, factor, seed, opened.Model.Configuration, training.Count);
        Run run;
        try
        {
            var plan = AdaptPlan.For(opened, recipe, training, validation);
            using var adaptation = Adaptation.Prepare(Over(recipe.Model.Quantize), recipe, training, validation, add: Added(recipe, training));
            var result = adaptation.Train();
            var tested = adaptation.Evaluate(test);
            var of = tested.Values[tested.Primary];
            run = new Run(adaptation.TrainedCount, recipe.Optimizer.LearningRate, factor, result.Validation!.Value, of.Value, of.Low, of.High, plan.Memory.Total, result.Seconds / result.Steps, result.TrainLoss);
        }
        catch (Coppice.Foundation.CoppiceException error) when (error.ExitCode == Coppice.Foundation.ExitCode.Failed)
        {
            // A rate at which it diverges is one that is not chosen.
            Console.Error.WriteLine($"{task}, {method}, rate {recipe.Optimizer.LearningRate:0.#e0}, seed {seed}: {error.Message}");
            run = new Run(0, recipe.Optimizer.LearningRate, factor, double.MinValue, 0, 0, 0, 0, double.MaxValue, double.MaxValue);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(run));
        if (run.Trained > 0) Console.Error.WriteLine($"{task}, {method}, rate {recipe.Optimizer.LearningRate:0.#e0}, seed {seed}: {run.Validation:P1} in validation, {run.Test:P1} in the test, {1000 * run.SecondsPerStep:0.0} ms a step");
        return run;
    }
}

AdaptBase Over(Quantization quantization)
{
    if (quantization == Quantization.None) return opened;
    if (!quantized.TryGetValue(quantization, out var other)) quantized[quantization] = other = opened with { Model = ModelDirectory.Load(directory, backend, quantization) };
    return other;
}

// What differs from what is usual for a method. The published rates of full fine-tuning are for models a hundred times as large.
AdaptRecipe RecipeOf(string task, string method, double factor, int seed, ModelConfiguration model, int examples)
{
    var passes = task == "tokens" ? 2 * epochs : epochs;
    var steps = passes * ((examples + 15) / 16);
    const string AllLinear = "adapter.targets=[all-linear]";
    if (method.EndsWith("-short"))
    {
        var whole = RecipeOf(task, method[..^"-short".Length], factor, seed, model, examples);
        return whole with { Training = whole.Training with { Epochs = new TaskTrainingSection().Epochs, Steps = steps / 5 } };
    }

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
        "lora-dropout" => ["adapter.method=lora", "adapter.dropout=0.1", AllLinear],
        "lora-int8" or "lora-int4" => ["adapter.method=lora", $"model.quantize={method[^4..]}", AllLinear],
        "unmasked-0011" => ["adapter.method=lora", "adapter.bidirectional_groups=[false, false, true, true]", AllLinear],
        "unmasked-1111" => ["adapter.method=lora", "adapter.bidirectional_groups=[true, true, true, true]", AllLinear],
        // lora-a16-4 and so on: the method, alpha and rank.
        _ when method.Contains("-a16-") => [$"adapter.method={method[..method.IndexOf('-')]}", "adapter.alpha=16", $"adapter.rank={method[(method.LastIndexOf('-') + 1)..]}", AllLinear],
        "lora+" => ["adapter.method=lora", "adapter.lora_plus_ratio=16", "optimizer.learning_rate=2e-4", AllLinear],
        "adalora" => ["adapter.method=adalora", "adapter.rank=3", "adapter.ada_lora.target_rank=2", $"adapter.ada_lora.warm_up={steps / 10}", $"adapter.ada_lora.final={3 * steps / 10}", AllLinear],
        "increlora" => ["adapter.method=increlora", "adapter.rank=6", "adapter.incre_lora.target_rank=2", $"adapter.incre_lora.warm_up={steps / 10}", $"adapter.incre_lora.interval={Math.Max(1, steps / 20)}", AllLinear],
        "svft" => ["adapter.method=svft", "optimizer.learning_rate=2e-2", AllLinear],
        "said" => ["adapter.method=said", "adapter.said.dimension=400", "optimizer.learning_rate=1e-2", AllLinear],
        // As many steps of as many numbers take the projections as far, whatever their number.
        _ when method.StartsWith("said-") && int.Parse(method[5..]) is var size => ["adapter.method=said", $"adapter.said.dimension={size}", $"optimizer.learning_rate={1e-2 * Math.Sqrt(400.0 / size)}", AllLinear],
        "houlsby" or "pfeiffer" or "parallel" or "scaled-parallel" => [$"adapter.method={method}", "adapter.rank=32"],
        "pfeiffer-swish" => ["adapter.method=pfeiffer", "adapter.rank=32", "adapter.bottleneck.activation=silu"],
        "mixda" => ["adapter.method=mixda", "adapter.rank=32", "adapter.mixture.domains=[web]", $"adapter.mixture.layers=[{7 * model.Layers / 12}, {11 * model.Layers / 12}]", "adapter.mixture.width=32"],
        "prompt" or "p-tuning" or "sparc" => [$"adapter.method={method}", "optimizer.learning_rate=1e-2"],
        "prefix" => ["adapter.method=prefix", "adapter.prompt.tokens=8", "optimizer.learning_rate=5e-3"],
        "fish" => ["adapter.method=fish", "adapter.fish.share=0.05", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "fish-0.005" => ["adapter.method=fish", "adapter.fish.share=0.005", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "gmt" => ["adapter.method=gmt", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "neft" => ["adapter.method=neft", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "neft-random" => ["adapter.method=neft", "adapter.neft.choice=random", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "hift" => ["adapter.method=hift", "optimizer.learning_rate=5e-4", "training.head_rate_factor=2"],
        "lst" => ["adapter.method=lst", "adapter.lst.reduction=4", "optimizer.learning_rate=3e-3"],
        "qst" => ["adapter.method=qst", "adapter.qst.reduction=4", "model.quantize=int4", "optimizer.learning_rate=3e-3"],
        _ => [$"adapter.method={method}"],
    };
    // A group of HiFT learns in one of so many steps.
    if (method == "hift") passes *= model.Layers + 2;
    var recipe = AdaptRecipe.Parse("", method, [$"task.name={task}", $"seed={seed}", $"training.epochs={passes}", "training.batch_size=16", .. keys]);
    return recipe with { Optimizer = recipe.Optimizer with { LearningRate = factor * recipe.Optimizer.LearningRate } };
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

// A training and what it came to. Shares; bytes of a step at its highest; the loss of the last hundred steps.
internal sealed record Run(long Trained, double Rate, double Factor, double Validation, double Test, double Low, double High, long Bytes, double SecondsPerStep, double TrainLoss = 0);

// How a claim is measured, of a method and of what it is held against.
internal sealed record Measure(string Holds, string Measured, Func<string, string, double> Of, bool AtMost = false);

// Two tasks one after the other: what is right of the first, what is kept of that behind the second, and what is right of the second.
internal sealed record Sequence(double First, double Kept, double Second);

// Losses without the domain's adapter and with it.
internal sealed record DomainLoss(double WebBefore, double WebAfter, double NovelsBefore, double NovelsAfter);
