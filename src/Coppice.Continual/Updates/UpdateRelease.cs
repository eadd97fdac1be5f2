using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Continual.Gates;
using Coppice.Continual.Lineage;
using Coppice.Continual.Recipes;
using Coppice.Continual.Replay;
using Coppice.Continual.Reports;
using Coppice.Continual.Surgery;
using Coppice.Continual.Surgery.Methods;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;

namespace Coppice.Continual.Updates;

/// <summary>The end of an update: what it did is measured, the gate judges, and the model is released or put aside.</summary>
internal sealed class UpdateRelease(
    UpdateRequest request, ParentModel parent, UpdateStart start, UpdateData data, Baseline baseline, UpdatePlan plan, Gate gate, LanguageModel teacher, IReadOnlyList<HeldOutSource> parts)
{
    /// <summary>The result in an update's directory.</summary>
    public const string ResultFile = "update.json";

    private const double WattsPerCore = 10;
    private const int PromptTokens = 16;

    private static readonly double[] ScannedWeights = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly UpdateRecipe _recipe = request.Recipe;
    private readonly UpdateProbes _probes = new(request.Recipe, teacher, parent.Tokenizer, start.Model, data.Tokenizer);
    private double[]? _worstOnTheWay;

    /// <summary>What an update gives that was stopped.</summary>
    public UpdateResult Interrupted(LoopResult done, string checkpoint) => new()
    {
        Accepted = false, Model = checkpoint, Steps = done.Steps, Tokens = done.Tokens, Seconds = done.Seconds, Sources = [], Interrupted = true,
        ReplayShare = plan.ReplayShare, KlWeight = plan.KlWeight, Shift = plan.Shift,
    };

    /// <summary>Measures, judges and writes. The model holds the weights to be released.</summary>
    public UpdateResult Decide(LoopResult done, CancellationToken cancellation)
    {
        request.Notice("measuring the updated model");
        var (sources, flips, facts, verdict) = Judge(cancellation);
        var childWeight = 1.0;
        if (_recipe.Protection.Interpolate == "scan" || (_recipe.Protection.Interpolate == "if_refused" && !verdict.Accepted))
        {
            childWeight = ChooseWeight(sources, verdict);
            if (childWeight < 1) (sources, flips, facts, verdict) = Judge(cancellation);
        }

        var directory = Path.Combine(request.Directory, verdict.Accepted ? PretrainRun.ModelFolder : UpdateRun.CandidateFolder);
        ModelDirectory.Save(directory, start.Model);
        TokenizerFiles.Write(data.Tokenizer, directory, start.Model.Configuration.MaxPositions, parent.Directory);
        KeepDocuments(directory, cancellation);
        ProvenanceOf(directory, done, sources).Save(directory);
        var result = new UpdateResult
        {
            Accepted = verdict.Accepted, Model = verdict.Accepted ? directory : parent.Directory, Candidate = verdict.Accepted ? null : directory,
            Steps = done.Steps, Tokens = done.Tokens, Seconds = done.Seconds, Sources = sources, Verdict = verdict, ReplayShare = plan.ReplayShare, FittedShare = plan.FittedShare, KlWeight = plan.KlWeight,
            Shift = plan.Shift, ChildWeight = childWeight, Flips = flips, Facts = facts,
        };
        AtomicFile.WriteText(Path.Combine(request.Directory, ResultFile), JsonSerializer.Serialize(result, Format) + "\n");
        WriteReport(result, directory, cancellation);
        return result;
    }

    private void WriteReport(UpdateResult result, string directory, CancellationToken cancellation)
    {
        request.Notice("writing the report");
        var found = new List<(string, string)>();
        if (result.Flips is { } flips) found.Add(("minimal pairs", FormattableString.Invariant($"{flips.ChildCorrect} of {flips.Items} right ({flips.ParentCorrect} before): {flips.Positive} now right, {flips.Negative} now wrong (p = {flips.PValue:0.###})")));
        if (result.Facts is { } facts) found.Add(("facts", FormattableString.Invariant($"{facts.KnownAfter} of {facts.Facts} known ({facts.KnownBefore} before): {facts.Gained} gained, {facts.Lost} lost; new beats obsolete in {facts.ChangedAfter} of {facts.Changeable} ({facts.ChangedBefore} before)")));
        found.AddRange(_probes.Memorisation(data, cancellation));
        var samples = _probes.Samples(Prompts(), (name, value) => found.Add((name, value)), cancellation);
        var again = data.Old.Where(text => !text.Source.Origin.Generated).Sum(text => text.Source.Origin.Tokens) + data.Added.Sources.Sum(source => source.Train.TokenCount);
        var chain = ModelLineage.Read(directory);
        var epochs = Math.Max(1, chain.Sum(ancestor => ancestor.Provenance?.Tokens ?? 0) / (double)Math.Max(1, again));
        var perToken = result.Seconds / Math.Max(1, result.Tokens);
        new UpdateReport
        {
            Title = $"Update of {Path.GetFileName(Path.GetDirectoryName(parent.Directory) ?? parent.Directory)} with {string.Join(", ", data.Added.Sources.Select(source => source.Name))}",
            Result = result, Events = MetricsFile.Read(Path.Combine(request.Directory, MetricsFile.Name)), Chain = chain, Recipe = _recipe.ToYaml(), Samples = samples, Probes = found,
            Cost = new UpdateCost(result.Tokens, result.Seconds, (long)(again * epochs), again * epochs * perToken, result.Seconds * _recipe.Training.UsedThreads * WattsPerCore / 3600),
        }.Write(Path.Combine(request.Directory, UpdateReport.FileName));
    }

    /// <summary>What parent and update continue: the recipe's prompts, or the first words of a held-out document of each source.</summary>
    private Training.Recipes.ValueList<string> Prompts() => _recipe.Evaluation.SamplePrompts.Count > 0
        ? _recipe.Evaluation.SamplePrompts
        : [.. data.HeldOut.Where(source => source.Sequences.Any(text => text.Tokens.Length > PromptTokens)).Select(source => data.Tokenizer.Decode(source.Sequences.First(text => text.Tokens.Length > PromptTokens).Tokens[..PromptTokens].Span))];

    private (IReadOnlyList<SourceOutcome> Sources, Flips? Flips, FactChanges? Facts, GateVerdict Verdict) Judge(CancellationToken cancellation)
    {
        var sources = Measure(cancellation);
        var flips = _probes.CountFlips(cancellation);
        var facts = _probes.CompareFacts(cancellation);
        return (sources, flips, facts, gate.Judge(sources, flips, facts is null ? null : (double)facts.Lost / facts.Facts));
    }

    private List<SourceOutcome> Measure(CancellationToken cancellation)
    {
        using var scorer = new DocumentScorer(start.Model, data.Tokenizer);
        var best = ModelLineage.BestBeforeParent(parent);
        // What happened on the way is the same wherever between parent and update the release lies.
        var worst = _worstOnTheWay ??= WorstOnTheWay();
        var outcomes = new List<SourceOutcome>();
        for (var i = 0; i < data.HeldOut.Count; i++)
        {
            var source = data.HeldOut[i];
            var comparison = PairedComparison.Of(baseline.Scores[i], source.Score(scorer, cancellation), cancellationToken: cancellation);
            outcomes.Add(new SourceOutcome
            {
                Name = source.Name, New = source.New, BitsPerByteBefore = comparison.ParentBitsPerByte, BitsPerByteAfter = comparison.ChildBitsPerByte,
                BitsPerByteWorst = Math.Max(comparison.ChildBitsPerByte, comparison.ParentBitsPerByte * worst[i]), ChangePercent = comparison.ChangePercent,
                Low = comparison.Low, High = comparison.High, BestAncestorBitsPerByte = source.New ? null : Math.Min(best.GetValueOrDefault(source.Name, double.PositiveInfinity), comparison.ParentBitsPerByte),
            });
        }

        return outcomes;
    }

    /// <summary>The worst measurement of each source during the update, over what the parent makes of the same part of it.</summary>
    private double[] WorstOnTheWay()
    {
        using var scorer = new DocumentScorer(teacher, parent.Tokenizer);
        var measured = MetricsFile.Read(Path.Combine(request.Directory, MetricsFile.Name)).OfType<EvaluationMetrics>().Where(metrics => metrics.Source is not null).ToList();
        return [.. parts.Select(part =>
        {
            var onTheWay = measured.Where(metrics => metrics.Source == part.Name && metrics.BitsPerByte is not null).Select(metrics => metrics.BitsPerByte!.Value).ToList();
            if (onTheWay.Count == 0) return 0;
            var own = data.Tokenizer.Fingerprint == parent.Tokenizer.Fingerprint ? part : part.Reencode(data.Tokenizer, parent.Tokenizer);
            return onTheWay.Max() / own.BitsPerByte(scorer);
        })];
    }

    /// <summary>
    /// Looks on the straight line between update and parent for the point that passes the gate with the most gain on the new text, on parts of the sources.
    /// The model then holds that point. Where none passes, it stays at the update.
    /// </summary>
    private double ChooseWeight(IReadOnlyList<SourceOutcome> sources, GateVerdict verdict)
    {
        request.Notice("looking for a point between parent and update that passes the gate");
        using var scorer = new DocumentScorer(start.Model, data.Tokenizer);
        var atUpdate = parts.Select(part => part.BitsPerByte(scorer)).ToList();
        var points = InterpolationScan.Run(start.Model, teacher.Parameters, ScannedWeights, _ => parts.Select(part => part.BitsPerByte(scorer)).ToList());
        var (chosen, gain) = verdict.Accepted ? (1.0, Gain(sources)) : (0.0, double.NegativeInfinity);
        foreach (var point in points)
        {
            // A part tells how the whole changes from the update on.
            var estimated = sources.Select((source, i) =>
            {
                var after = source.BitsPerByteAfter * point.Score[i] / atUpdate[i];
                return source with { BitsPerByteAfter = after, ChangePercent = 100 * (after / source.BitsPerByteBefore - 1) };
            }).ToList();
            var passes = gate.Judge(estimated).Accepted;
            request.Detail(FormattableString.Invariant($"update's weight {point.ChildWeight:0.0}: {string.Join(", ", estimated.Select(s => FormattableString.Invariant($"{s.Name} {s.ChangePercent:+0.00;-0.00} %")))}{(passes ? "" : ", refused")}"));
            if (passes && Gain(estimated) > gain) (chosen, gain) = (point.ChildWeight, Gain(estimated));
        }

        if (chosen is 0 or 1)
        {
            request.Notice(chosen == 0 ? "no point between parent and update passes" : "the update itself is the best of them");
            return 1;
        }

        WeightMerge.Run(new LinearInterpolation(), teacher.Parameters, [start.Model.Parameters], start.Model.Parameters, [chosen]);
        request.Notice(FormattableString.Invariant($"released: {chosen:0.0} of the way from the parent to the update"));
        return chosen;
    }

    private static double Gain(IEnumerable<SourceOutcome> sources) => -sources.Where(source => source.New).Average(source => source.ChangePercent);

    /// <summary>Keeps documents of all text so far with the model, for an update when the text is gone.</summary>
    private void KeepDocuments(string directory, CancellationToken cancellation)
    {
        var budget = _recipe.Replay.BudgetBytes;
        if (budget == 0) return;
        cancellation.ThrowIfCancellationRequested();
        var before = Path.Combine(parent.Directory, ReplaySources.BufferFolder);
        var earlier = Directory.Exists(before) ? ReplayBuffer.Load(before) : null;
        var seed = earlier?.Seed ?? (ulong)_recipe.Seed;
        var old = earlier is null ? data.Old.Where(text => text.Source is { Store: not null, Origin.Generated: false }).SelectMany(text => BufferedDocument.FromStore(text.Source.Store!, parent.Tokenizer, text.Source.Name)) : [];
        var added = data.Added.Sources.SelectMany(source => BufferedDocument.FromStore(source.Train, data.Tokenizer, source.Name));
        var buffer = ReplayBuffer.Build(old.Concat(added), budget, seed);
        if (earlier is not null) buffer = ReplayBuffer.Merge(earlier, buffer, budget);
        foreach (var text in data.Old.Where(text => text.HeldOutPath is not null)) buffer.AddHeldOut(text.Source.Name, text.HeldOutPath!);
        foreach (var source in data.Added.Sources) buffer.AddHeldOut(source.Name, source.ValidationPath!);
        buffer.Save(Path.Combine(directory, ReplaySources.BufferFolder));
        request.Notice(FormattableString.Invariant($"kept {buffer.Bytes:N0} bytes of {buffer.Sources.Count} sources with the model"));
    }

    private Provenance ProvenanceOf(string directory, LoopResult done, IReadOnlyList<SourceOutcome> sources)
    {
        var after = sources.ToDictionary(source => source.Name, StringComparer.Ordinal);
        var old = data.Old.Select(text => text.Source.Origin with
        {
            // Under a grown vocabulary only what was encoded anew is of use; else the paths stay those of the parent, whether it was replayed from there or not.
            Store = start.Grown || text.Source.Origin.Store is null ? (text.Source.Origin.Generated ? null : Written(text.Path)) : Move(text.Source.Origin.Store),
            HeldOut = start.Grown || text.Source.Origin.HeldOut is null ? Written(text.HeldOutPath) : Move(text.Source.Origin.HeldOut),
            HeldOutBitsPerByte = after.GetValueOrDefault(text.Source.Name)?.BitsPerByteAfter,
            HeldOutBitsPerByteBefore = after.GetValueOrDefault(text.Source.Name)?.BitsPerByteBefore,
        });
        var added = data.Added.Sources.Select(source => source.ToProvenance(directory, after[source.Name].BitsPerByteAfter) with { HeldOutBitsPerByteBefore = after[source.Name].BitsPerByteBefore });
        var metrics = new Dictionary<string, double> { ["train_loss"] = done.TrainLoss, ["replay_share"] = plan.ReplayShare };
        return new Provenance
        {
            Software = Provenance.ThisSoftware,
            Parent = new ProvenanceParent(Provenance.RelativePath(directory, parent.Directory), parent.Fingerprint),
            Recipe = _recipe.ToYaml(),
            Tokenizer = data.Tokenizer.Fingerprint,
            Sources = [.. old, .. added],
            // The peak of pre-training stays what the updates of a chain go by: else each would be slower than the one before.
            Training = new ProvenanceTraining(plan.Training.SequenceLength, plan.Training.BatchSize, parent.Provenance?.Training?.LearningRate ?? _recipe.Optimizer.LearningRate, _recipe.Schedule.Name),
            Trunk = plan.TrunkStep is null ? null : Provenance.RelativePath(directory, Path.Combine(request.Directory, PretrainRun.TrunkFolder)),
            Steps = done.Steps,
            Tokens = done.Tokens,
            Metrics = metrics,
        };

        string Move(string path) => Provenance.RelativePath(directory, Provenance.ResolvePath(parent.Directory, path));

        string? Written(string? path) => path is null ? null : Provenance.RelativePath(directory, path);
    }
}
