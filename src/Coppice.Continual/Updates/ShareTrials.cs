using System.Text.Json;
using Coppice.Continual.MixtureLaws;
using Coppice.Continual.Protection;
using Coppice.Continual.Recipes;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Updates;

/// <summary>A point of the curves that a share was chosen by.</summary>
/// <param name="Share">The share of old tokens.</param>
/// <param name="OldRise">The predicted rise of the old source that rises most; a share of its value.</param>
/// <param name="NewRise">The predicted change of the new text; negative where it is learned.</param>
public sealed record SharePoint(double Share, double OldRise, double NewRise);

/// <summary>How a share was found.</summary>
/// <param name="Share">The share.</param>
/// <param name="Explanation">Why that one, in words.</param>
/// <param name="Curve">What the fitted laws predict for the end of the update, against the parent.</param>
public sealed record FittedShare(double Share, string Explanation, IReadOnlyList<SharePoint> Curve);

/// <summary>
/// Finds the replay share by a few short runs from the start of the update, at a constant learning rate that comes down at their end: laws are fitted to what they
/// forget and learn, and predict both for the end of the update against the parent. The start is as it was afterwards.
/// </summary>
internal static class ShareTrials
{
    private const string FileName = "share.json";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Finds the share, or reads what an interrupted update found.</summary>
    public static FittedShare Find(
        UpdateRequest request, UpdateStart start, UpdateData data, AddedText added, IObjective objective, LanguageModel teacher, Tokenizer parentTokenizer, TrainingSection training, double klWeight, CancellationToken cancellation)
    {
        var path = Path.Combine(request.Directory, FileName);
        if (File.Exists(path) && Read(path) is { } found) return found;
        var recipe = request.Recipe;
        var planned = training.TotalSteps * training.TokensPerStep;
        var plan = TrialPlan.For(planned, training.TokensPerStep);
        foreach (var warning in plan.Warnings) request.Notice("warning: " + warning);
        var parts = data.HeldOut.Select(source => source.Part(PartTokens)).ToList();
        var runner = new Runner(request, start, data, added, objective, teacher, parentTokenizer, training, klWeight, parts, plan);
        var weights = start.Model.Parameters.Values;
        using var own = new FlatBuffer(start.Model.Backend, weights.Count);
        own.CopyFrom(weights);
        try
        {
            var trials = new List<ShareTrial>();
            foreach (var share in plan.Shares)
            {
                request.Notice(FormattableString.Invariant($"trying a share of {100 * share:0.#} %: {plan.TokensPerTrial:N0} tokens"));
                weights.CopyFrom(own);
                trials.Add(runner.Run(share, cancellation));
            }

            weights.CopyFrom(own);
            var beginning = start.Trunk is not null ? runner.Measure() : runner.AfterOldTextAlone(own, cancellation);
            var prediction = SharePredictor.Predict(trials, beginning, planned, runner.MeasureParent());
            foreach (var warning in prediction.Warnings) request.Notice("warning: " + warning);
            var choice = prediction.LeastShare(recipe.Gate.MaxForgetting);
            found = new FittedShare(choice.Share.Share, choice.Explanation, [.. prediction.Curve.Select(point => new SharePoint(point.Share, point.WorstRise, point.NewRise))]);
        }
        finally
        {
            weights.CopyFrom(own);
        }

        AtomicFile.WriteText(path, JsonSerializer.Serialize(found, Format) + "\n");
        return found;
    }

    // Of a trial: about as much of it as an update takes to anneal.
    private const double AnnealedShare = 0.3;

    // Enough that a change of a hundredth shows.
    private const long PartTokens = 32_768;

    private static FittedShare? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<FittedShare>(File.ReadAllBytes(path), Format);
        }
        catch (JsonException)
        {
            // It can be found again.
            return null;
        }
    }

    private sealed class Runner(
        UpdateRequest request, UpdateStart start, UpdateData data, AddedText added, IObjective objective, LanguageModel teacher, Tokenizer parentTokenizer, TrainingSection training,
        double klWeight, IReadOnlyList<HeldOutSource> parts, TrialPlan plan)
    {
        public TrialReference Measure() => Reference(start.Model, data.Tokenizer, parts);

        /// <summary>The parent, on the same text in its own tokens.</summary>
        public TrialReference MeasureParent() =>
            Reference(teacher, parentTokenizer, start.Grown ? [.. parts.Select(part => part.Reencode(data.Tokenizer, parentTokenizer))] : parts);

        public ShareTrial Run(double share, CancellationToken cancellation)
        {
            var sampler = data.Sampler(added.Sources, request.Recipe, share);
            var distillation = klWeight > 0 && share > 0
                ? new ParentDistillation(teacher, objective, [.. sampler.Sources.Select((_, source) => source < added.Sources.Count ? 0 : klWeight / share)], request.Recipe.Protection.KlTemperature)
                : null;
            using (distillation)
            {
                var (points, annealed) = Run(sampler, distillation ?? objective, anneal: true, cancellation);
                return new ShareTrial(share, points) { Annealed = annealed };
            }
        }

        /// <summary>An annealed parent gets worse at once where its learning rate rises again, whatever it reads: what old text alone does to it is no forgetting.</summary>
        public TrialReference AfterOldTextAlone(FlatBuffer own, CancellationToken cancellation)
        {
            var before = Measure();
            request.Notice("trying old text alone");
            var replayed = data.Old.Where(text => text.Store is not null).Select(text => new SamplerSource(text.Source.Name, text.Store!, Math.Sqrt(text.Store!.TokenCount))).ToList();
            var (points, _) = Run(new SequenceSampler(replayed, training.SequenceLength, (ulong)request.Recipe.Seed), objective, anneal: false, cancellation);
            start.Model.Parameters.Values.CopyFrom(own);
            return new TrialReference(points[^1].Old, before.New);
        }

        private (List<TrialPoint> Points, TrialPoint? Annealed) Run(SequenceSampler sampler, IObjective minimised, bool anneal, CancellationToken cancellation)
        {
            var model = start.Model;
            using var trainer = new Trainer(model, minimised, OptimizerRegistry.Create(model.Parameters, request.Recipe.Optimizer), (ulong)request.Recipe.Seed) { Recomputing = training.Recompute };
            if (start.Trunk is { } trunk && !start.Grown && request.Recipe.Start.Optimizer == "keep") RunState.LoadOptimizer(trunk.Directory, trainer.Optimizer);
            PackedBatch[] batches = [.. Enumerable.Range(0, training.Accumulation).Select(_ => new PackedBatch())];
            var points = new List<TrialPoint>();
            var steps = plan.TokensPerTrial / training.TokensPerStep;
            var annealing = anneal ? Math.Max(1, (long)(AnnealedShare * steps)) : 0;
            var (peak, final) = (request.Recipe.Optimizer.LearningRate, request.Recipe.Schedule.FinalLearningRate);
            for (var step = 1L; step <= steps + annealing; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                foreach (var batch in batches) sampler.Next(batch, training.BatchSize / batches.Length);
                // Above 1 until annealing begins; infinite where there is none.
                var rate = final + (peak - final) * Math.Min(1, (steps + annealing - step + 1) / (double)annealing);
                trainer.Apply(trainer.ComputeGradients(batches, step - 1), rate);
                var tokens = step * training.TokensPerStep;
                if (plan.MeasureAt.Contains(tokens)) points.Add(Point(tokens));
            }

            return (points, anneal ? Point((steps + annealing) * training.TokensPerStep) : null);
        }

        private TrialPoint Point(long tokens)
        {
            var now = Measure();
            return new TrialPoint(tokens, now.Old, now.New);
        }

        private static TrialReference Reference(LanguageModel model, Tokenizer tokenizer, IReadOnlyList<HeldOutSource> parts)
        {
            using var scorer = new DocumentScorer(model, tokenizer);
            var values = parts.Select(part => part.BitsPerByte(scorer)).ToList();
            return new TrialReference([.. values.Where((_, i) => !parts[i].New)], values.Where((_, i) => parts[i].New).Average());
        }
    }
}
