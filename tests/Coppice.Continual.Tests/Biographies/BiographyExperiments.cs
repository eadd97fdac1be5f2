using System.Globalization;
using Coppice.Evaluation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Coppice.Training.Schedules;
using Xunit.Abstractions;

namespace Coppice.Continual.Tests.Biographies;

/// <summary>
/// What a small model knows of what it has read, in which words it can say it, and how it forgets: the experiments of docs/experiments/biographies.md. 200
/// invented people with six facts each; half of them are also told of in the wordings of the questions, the other half is asked about.
/// </summary>
[Trait("Category", "Slow")]
public class BiographyExperiments(ITestOutputHelper output)
{
    private const int Steps = 1000;
    private const int UpdateSteps = 256;
    private static readonly WorldOptions Single = new() { People = 200, Seed = 1, Newcomers = 200 };
    private static readonly WorldOptions Augmented = Single with { Versions = 5, Permute = true };
    private static readonly ParallelOptions SideBySide = new() { MaxDegreeOfParallelism = 2 };

    // One tokenizer for all: of the world in all its wordings.
    private static readonly Tokenizer Tokenizer = BpeTrainer.Train(
        new SyntheticWorld(Augmented).Documents().Concat(new SyntheticWorld(Augmented).UpdateDocuments()).Select(document => document.Text),
        new BpeTrainerOptions { VocabularySize = 1500, Style = BpeStyle.Gpt4 });

    // Trained once, for both experiments.
    private static readonly Lazy<BiographyModel> Base = new(() => Train(new SyntheticWorld(Augmented)));

    [Fact]
    public void Facts_told_in_one_wording_are_recalled_in_it_and_facts_told_in_several_in_new_ones()
    {
        var worlds = new (string Name, WorldOptions Options)[]
        {
            ("one wording", Single), ("five wordings, permuted", Augmented), ("one wording, half the people in five", Augmented with { AugmentedShare = 0.5 }),
        };
        var results = new FactEvaluation[worlds.Length];
        Parallel.For(0, worlds.Length, SideBySide, i =>
        {
            var world = new SyntheticWorld(worlds[i].Options);
            if (worlds[i].Options == Augmented)
            {
                results[i] = Base.Value.Ask(world.Facts());
                return;
            }

            using var model = Train(world);
            results[i] = model.Ask(world.Facts());
        });
        Write("| told in | facts | recall, training wording | recall, held-out wording |");
        Write("| --- | --- | --- | --- |");
        for (var i = 0; i < worlds.Length; i++)
            Write($"| {worlds[i].Name} | {results[i].Scores.Count / 2} | {Known(i, ClozeFact.Memorisation):P1} | {Known(i, ClozeFact.Paraphrase):P1} |");

        Assert.All([0, 1], i => Assert.InRange(Known(i, ClozeFact.Memorisation), 0.95, 1));
        Assert.True(Known(1, ClozeFact.Paraphrase) - Known(0, ClozeFact.Paraphrase) > 0.3);
        // Celebrities help those who are told of in one wording.
        Assert.True(Known(2, ClozeFact.Paraphrase) > Known(0, ClozeFact.Paraphrase));

        double Known(int world, string kind) => results[world].Kinds[kind].Known;
    }

    [Fact]
    public void Facts_that_are_not_replayed_are_forgotten_by_a_power_law_and_replay_stops_it()
    {
        var world = new SyntheticWorld(Augmented);
        List<ClozeFact> facts = [.. world.Facts()];
        var peak = Base.Value.Ask(facts);
        // What a model that has read nothing of a person says of them: the same question about somebody else.
        var before = Base.Value.Ask(facts.Select((fact, i) =>
            fact with { Prompt = fact.Prompt.Replace(fact.Subject, world.Person(Augmented.People + i / 12).Name, StringComparison.Ordinal) }));
        var newFacts = world.UpdateFacts().Where(fact => fact.Kind == ClozeFact.New).ToList();
        double[] shares = [0, 0.05, 0.1, 0.25];
        var series = shares.Select(_ => new List<(int Step, FactEvaluation Facts)>()).ToArray();
        var learnt = new double[shares.Length];
        Parallel.For(0, shares.Length, SideBySide, i =>
        {
            using var model = Base.Value.Copy();
            model.Read(world.UpdateDocuments(), world.Documents(), shares[i], UpdateSteps, Update(), step =>
            {
                if (int.IsPow2(step)) series[i].Add((step, model.Ask(facts)));
            });
            learnt[i] = model.Ask(newFacts).Total.Known;
        });

        Write($"at the start: training wording {peak.Kinds[ClozeFact.Memorisation].Known:P1}, held-out wording {peak.Kinds[ClozeFact.Paraphrase].Known:P1}");
        Write("| replay | wording | recall after 1, 2, 4 ... steps | retainability at the end | slope | R² | half-life | new facts |");
        Write("| --- | --- | --- | --- | --- | --- | --- | --- |");
        var fits = new Dictionary<(double, string), RetentionFit>();
        foreach (var (share, measured, known) in shares.Zip(series, learnt))
        {
            foreach (var kind in new[] { ClozeFact.Memorisation, ClozeFact.Paraphrase })
            {
                var points = measured.Select(point => ((double)point.Step, FactInjection.Retainability(Of(before), Of(peak), Of(point.Facts)).Value)).ToList();
                var fit = fits[(share, kind)] = FactInjection.Fit(points);
                Write($"| {share:P0} | {kind} | {string.Join(", ", measured.Select(point => $"{point.Facts.Kinds[kind].Known:P0}"))} | {points[^1].Item2:F3} | {fit.Slope:F3} | {fit.RSquared:F2} | {fit.HalfLife:F0} | {known:P1} |");

                // log p in the order of the facts, of one kind.
                double[] Of(FactEvaluation evaluation) => [.. evaluation.Scores.Where(score => score.Fact.Kind == kind).Select(score => score.LogProbability)];
            }
        }

        foreach (var kind in new[] { ClozeFact.Memorisation, ClozeFact.Paraphrase })
        {
            Assert.True(fits[(0, kind)].Slope > 0);
            Assert.True(fits[(0, kind)].RSquared > 0.6);
            Assert.True(Final(3, kind) > Final(0, kind) + 0.3);
            Assert.True(fits[(0.25, kind)].Slope < fits[(0, kind)].Slope / 2);
        }

        double Final(int share, string kind) => series[share][^1].Facts.Kinds[kind].Known;
    }

    private static BiographyModel Train(SyntheticWorld world)
    {
        var model = new BiographyModel(Tokenizer);
        model.Read(world.Documents(), [], 0, Steps, new CosineSchedule(new() { PeakLearningRate = 5e-3, FinalLearningRate = 5e-4, Warmup = 50, Total = Steps }));
        return model;
    }

    private static CosineSchedule Update() => new(new() { PeakLearningRate = 2e-3, FinalLearningRate = 2e-4, Warmup = 3, Total = UpdateSteps });

    private void Write(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private void Write(string line) => output.WriteLine(line);
}
