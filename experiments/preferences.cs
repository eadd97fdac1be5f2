// Whether what the papers of objectives for text claim shows on a model of 260 thousand parameters that others trained, stories260k: (a) preferences, where what a girl has shall be
// red and what a boy has blue; (b) conditional training, where somebody shall speak in a story; and (c) unlikelihood, against repetition.
//
//   dotnet run -c Release experiments/preferences.cs -- MODEL -o OUT [--stories 800] [--judged 100] [--epochs 8]
//
// Stories are the model's own: there are --stories to learn from, and others stand for all other text. The tables are written to OUT/preferences.md.
#:project ../src/Coppice.Adapters/Coppice.Adapters.csproj
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Globalization;
using System.Text;
using Coppice.Adapters;
using Coppice.Evaluation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Objectives;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 1) throw new ArgumentException("usage: preferences.cs MODEL -o OUT");
var output = Path.GetFullPath(Option("-o") ?? throw new ArgumentException("-o OUT is missing"));
var (learned, judged, epochs) = (int.Parse(Option("--stories") ?? "800"), int.Parse(Option("--judged") ?? "100"), int.Parse(Option("--epochs") ?? "8"));
using var backend = Backends.Create();
using var opened = new AdaptBase(ModelDirectory.Load(args[0], backend), Tokenizer.Load(args[0]), null);
// The seeds of the stories that are measured on are those from 0 on.
var otherText = Documents(Stories(opened.Model, 40, first: 0));
var stories = Stories(opened.Model, learned, first: 1_000_000);
var perplexity = Perplexity(opened.Model);
var report = new StringBuilder();
var claims = new StringBuilder("| method | against | claim | it holds with | measured | holds |\n| --- | --- | --- | --- | ---: | --- |\n");
Preferences();
Conditional();
Repetitions();
report.AppendLine("## What the papers say").AppendLine().Append(claims);
Directory.CreateDirectory(output);
File.WriteAllText(Path.Combine(output, "preferences.md"), report.ToString());
Console.WriteLine(report);

// The last names are judged by alone. Rates up to where the answers of other names are preferred.
void Preferences()
{
    string[] girls = ["Lily", "Mia", "Sue", "Amy", "Anna", "Lucy", "Sara", "Jane", "Emma", "Mary", "Kate", "Daisy"];
    string[] boys = ["Tim", "Tom", "Ben", "Max", "Sam", "Bob", "Jack", "John", "Joe", "Billy", "Fred", "Mark"];
    string[] things = ["ball", "box", "car", "toy", "hat", "bike"];
    var (training, validation, test) = (Pairs(..7), Pairs(7..9), Pairs(9..));
    report.AppendLine("## Preferences").AppendLine();
    report.AppendLine($"{training.Count} pairs of answers to learn from, {test.Count} with other names to judge by; {otherText.Count} stories that the model itself wrote stand for all other text.");
    report.AppendLine("The rate of each method is the lowest of three at which more than 95 % of the answers are preferred that are drawn of two further names, or else the best.").AppendLine();
    report.AppendLine("| | rate | the preferred answer is drawn | perplexity of other text |").AppendLine("| --- | ---: | ---: | ---: |");
    report.AppendLine($"| stories260k | | {Chosen(opened.Model, test):P1} | {perplexity:0.000} |");
    var measured = new Dictionary<string, (double Chosen, double Perplexity)>();
    foreach (var task in new[] { "dpo", "ipo", "simpo", "orpo", "kto" })
    {
        // kto reads the same answers one by one.
        TaskData data = task == "kto"
            ? new TaskData<JudgedAnswer>([.. training.SelectMany(pair => new[] { new JudgedAnswer(pair.Prompt, pair.Chosen, true, pair.Where), new JudgedAnswer(pair.Prompt, pair.Rejected, false, pair.Where) })])
            : new TaskData<PreferencePair>(training);
        // The margin that ipo aims at is 1 / (2 beta).
        var section = new TaskSection { Name = task, Beta = task switch { "ipo" => 0.1, "dpo" or "kto" => 0.5, _ => 0 } };
        var tried = new List<(double Rate, double Validation, double Chosen, double Perplexity)>();
        foreach (var rate in new[] { 5e-4, 1.5e-3, 5e-3 }.TakeWhile(_ => tried.Count == 0 || tried[^1].Validation <= 0.95))
        {
            using var adaptation = Trained("lora", section, data, rate);
            tried.Add((rate, Chosen(adaptation.Model, validation), Chosen(adaptation.Model, test), Perplexity(adaptation.Model)));
        }

        var best = tried.MaxBy(one => one.Validation);
        measured[task] = (best.Chosen, best.Perplexity);
        report.AppendLine($"| {task} | {best.Rate:0.#e0} | {best.Chosen:P1} | {best.Perplexity:0.000} |");
    }

    report.AppendLine();
    Claim("dpo", "stories260k", "a preference is learned without a model of rewards", "at least {0:0} points", 40, "{0:+0.0;-0.0}", 100 * (measured["dpo"].Chosen - Chosen(opened.Model, test)));
    Claim("dpo", "stories260k", "and other text stays as it was", "at most {0:0.00} of its perplexity", 1.05, "{0:0.000}", measured["dpo"].Perplexity / perplexity, atMost: true);
    foreach (var (task, says) in new[] { ("ipo", "without the risk of overfitting: at dpo"), ("simpo", "without a reference: at dpo"), ("orpo", "without a reference and along with the answers: at dpo"), ("kto", "from answers judged one by one: at dpo") })
        Claim(task, "dpo", says, "at least {0:0} points", -5, "{0:+0.0;-0.0}", 100 * (measured[task].Chosen - measured["dpo"].Chosen));

    List<PreferencePair> Pairs(Range names) =>
    [
        .. from thing in things
           from child in girls[names].Select(name => (Text: $"{name} had a {thing}. She liked her {thing}.", Chosen: " red.", Rejected: " blue."))
               .Concat(boys[names].Select(name => (Text: $"{name} had a {thing}. He liked his {thing}.", Chosen: " blue.", Rejected: " red.")))
           select new PreferencePair($"{child.Text} The {thing} was", child.Chosen, child.Rejected, "made here"),
    ];

    double Chosen(LanguageModel model, List<PreferencePair> pairs) => PreferenceObjective.LogProbabilities(model, PreferenceRendering.Pairs(pairs, opened.Tokenizer, null, 128).Examples)
        .Average(both => 1 / (1 + Math.Exp(both[1] - both[0])));
}

// Stories in which somebody speaks score 1, others 0. The model learns all of them behind their marks, and then writes behind either.
void Conditional()
{
    using var adaptation = Trained(
        "full", new TaskSection { Name = "conditional", Threshold = 0.5, Unmarked = 0.01 }, new TaskData<ScoredText>([.. stories.Select(story => new ScoredText(story.Text, Score(story), "made here"))]), rate: 1e-3);
    var (good, bad) = (new ConditionalTraining(opened.Tokenizer, 0.5), new ConditionalTraining(opened.Tokenizer, 0.5, good: ConditionalTraining.Misaligned, bad: ConditionalTraining.Aligned));
    var (before, behindGood, behindBad) = (Spoken(opened.Model, []), Spoken(adaptation.Model, good.Prompt("")), Spoken(adaptation.Model, bad.Prompt("")));
    var unmarked = Perplexity(adaptation.Model);
    report.AppendLine("## Conditional training").AppendLine();
    report.AppendLine($"Somebody speaks in {stories.Average(Score):P1} of the {stories.Count} stories to learn from, in {before:P1} of {judged} others of the model as it was, and afterwards in {behindGood:P1} behind");
    report.AppendLine($"the mark of good ones and in {behindBad:P1} behind the other. The perplexity of other text without a mark is {unmarked:0.000}, and was {perplexity:0.000}.").AppendLine();
    Claim("conditional", "stories260k", "behind the mark of good texts, better ones are written", "at least {0:0} points", 10, "{0:+0.0;-0.0}", 100 * (behindGood - before));
    Claim("conditional", "the other mark", "and what was bad is kept apart", "at least {0:0} points", 10, "{0:+0.0;-0.0}", 100 * (behindGood - behindBad));
    Claim("conditional", "stories260k", "text without a mark stays as it was", "at most {0:0.00} of its perplexity", 1.05, "{0:0.000}", unmarked / perplexity, atMost: true);

    double Spoken(LanguageModel model, int[] prompt) => Stories(model, judged, first: 2_000_000, prompt).Average(Score);

    double Score(GenerationResult story) => story.Text.Contains('"') ? 1 : 0;
}

// The stories to learn from, each behind its first words, once with unlikelihood and once without; then the likeliest continuations of other stories' first words.
void Repetitions()
{
    const int Prompt = 16;
    var beginnings = Stories(opened.Model, judged, first: 3_000_000, length: Prompt).Select(story => (int[])[opened.Tokenizer.BeginOfText!.Value, .. story.Tokens]).ToList();
    var conversations = new TaskData<Conversation>([.. stories.Select(story => story.Text.Split(' ', 4)).Where(words => words.Length == 4).Select(words => Conversation.Of(string.Join(' ', words[..3]), " " + words[3], "made here"))]);
    report.AppendLine("## Repetition").AppendLine();
    report.AppendLine($"Likeliest continuations of {beginnings.Count} beginnings by 200 tokens.").AppendLine();
    report.AppendLine("| | 4-grams that were there before | perplexity of other text |").AppendLine("| --- | ---: | ---: |");
    var measured = new Dictionary<string, (double Repeated, double Perplexity)> { ["stories260k"] = (Repeated(opened.Model), perplexity) };
    foreach (var (name, weight) in new[] { ("likelihood", 0.0), ("unlikelihood", 1.0) })
    {
        using var adaptation = Trained("full", new TaskSection { Name = "sft" }, conversations, rate: 5e-4, _ => new UnlikelihoodObjective(weight));
        measured[name] = (Repeated(adaptation.Model), Perplexity(adaptation.Model));
    }

    foreach (var (name, of) in measured) report.AppendLine($"| {name} | {of.Repeated:P1} | {of.Perplexity:0.000} |");
    report.AppendLine();
    Claim("unlikelihood", "likelihood", "on tokens alone it takes a third of the repetitions away", "at most {0:0.00} of its repetitions", 0.67, "{0:0.000}", measured["unlikelihood"].Repeated / measured["likelihood"].Repeated, atMost: true);
    Claim("unlikelihood", "likelihood", "at hardly any cost", "at most {0:0.00} of its perplexity", 1.03, "{0:0.000}", measured["unlikelihood"].Perplexity / measured["likelihood"].Perplexity, atMost: true);

    double Repeated(LanguageModel model)
    {
        using var generator = new TextGenerator(model, opened.Tokenizer);
        return Repetition.Measure(beginnings.Select(beginning => generator.Generate(beginning, new GenerationOptions { MaxTokens = 200, Temperature = 0 }).Tokens)).Repeated!.Value;
    }
}

Adaptation Trained(string method, TaskSection task, TaskData data, double rate, Func<IObjective, IObjective>? wrap = null)
{
    var usual = AdaptRecipe.For(method);
    var recipe = usual with
    {
        Task = task, Adapter = method == "full" ? usual.Adapter : usual.Adapter with { Targets = [TargetPattern.AllLinear] }, Optimizer = usual.Optimizer with { LearningRate = rate },
        Training = usual.Training with { Epochs = epochs, BatchSize = 16 },
    };
    var adaptation = Adaptation.Prepare(opened, recipe, data, null, wrap);
    adaptation.Train();
    return adaptation;
}

List<GenerationResult> Stories(LanguageModel model, int count, int first, int[]? prompt = null, int length = 200)
{
    using var generator = new TextGenerator(model, opened.Tokenizer);
    var options = new GenerationOptions { MaxTokens = length, Temperature = 1, TopP = 1 };
    return [.. Enumerable.Range(first, count).Select(seed => prompt is { Length: > 0 } ? generator.Generate(prompt, options with { Seed = (ulong)seed }) : generator.Generate("", options with { Seed = (ulong)seed }))];
}

List<TaskExample> Documents(List<GenerationResult> all) => [.. all.Select(story =>
{
    int[] tokens = [opened.Tokenizer.BeginOfText!.Value, .. story.Tokens];
    return new TaskExample([new TaskDocument(tokens[..^1], tokens[1..], [.. story.Tokens.Select(_ => 1f)])], "made here");
})];

double Perplexity(LanguageModel model)
{
    using var evaluator = new TaskEvaluator(model);
    return Math.Exp(evaluator.Loss(new SupervisedObjective(), otherText));
}

void Claim(string method, string against, string says, string holds, double bar, string format, double measured, bool atMost = false) => claims.AppendLine(
    $"| {method} | {against} | {says} | {string.Format(holds, bar)} | {string.Format(format, measured)} | {((atMost ? measured <= bar : measured >= bar) ? "yes" : "no")} |");

string? Option(string name) => Array.IndexOf(args, name) is var place and >= 0 ? args[place + 1] : null;
