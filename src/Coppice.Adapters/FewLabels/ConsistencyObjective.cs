using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>How the signal of labelled examples is let in over a training: those of which the model is surer than a rising bound teach nothing at that time.</summary>
public enum SignalAnnealing
{
    /// <summary>All count all the time.</summary>
    None,

    /// <summary>The bound rises evenly.</summary>
    Linear,

    /// <summary>Most of the rise is at the end: for few labels, which are soon learned by heart.</summary>
    Exponential,

    /// <summary>Most of the rise is in the beginning.</summary>
    Logarithmic,
}

/// <summary>The settings of <see cref="ConsistencyObjective"/>. Defaults are the paper's.</summary>
public sealed record ConsistencyOptions
{
    /// <summary>What the unlabelled examples count beside the labelled ones.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Unlabelled examples for each labelled one.</summary>
    public int Ratio { get; init; } = 3;

    /// <summary>Divides the logits of what the other version shall say: below 1 makes it surer.</summary>
    public double Temperature { get; init; } = 0.85;

    /// <summary>The least probability, before that division, of what is believed.</summary>
    public double Threshold { get; init; } = 0.8;

    /// <summary>How labelled examples are let in.</summary>
    public SignalAnnealing Annealing { get; init; }

    /// <summary>Refuses options that mean nothing.</summary>
    /// <exception cref="CoppiceException">One is out of its range (exit code 2).</exception>
    internal void Check()
    {
        if (!(Weight >= 0 && double.IsFinite(Weight))) throw Error("weight", Weight, "0 or more is expected");
        if (Ratio < 1) throw Error("ratio", Ratio, "at least 1 is expected");
        if (!(Temperature > 0 && double.IsFinite(Temperature))) throw Error("temperature", Temperature, "more than 0 is expected");
        if (!(Threshold is >= 0 and < 1)) throw Error("threshold", Threshold, "0 up to but without 1 is expected");

        static CoppiceException Error(string name, double value, string expected) => CoppiceException.Usage(FormattableString.Invariant($"consistency: the {name} is {value}; {expected}"));
    }
}

/// <summary>
/// Unsupervised data augmentation (UDA): beside the loss of labelled texts, what the model says of a text without a label shall be what it says of another version of it:
/// cross-entropy + weight · mean of [max p(u) &gt; threshold] · KL(sharpened p(u) ‖ p(version of u)), where no gradient flows through p(u).
/// </summary>
/// <remarks>A labelled example that is held back by <see cref="SignalAnnealing"/> counts as 0 in the mean; the paper's mean is over the others.</remarks>
[Technique("uda", Title = "Unsupervised Data Augmentation for Consistency Training", Paper = "arXiv:1904.12848")]
public sealed class ConsistencyObjective : IObjective
{
    private const ulong DrawStream = 0x5544410000000000;

    private readonly SequenceClassificationObjective _supervised;
    private readonly IReadOnlyList<TaskExample> _unlabelled;
    private readonly IReadOnlyList<int[][]> _versions;
    private readonly ConsistencyOptions _options;
    private readonly Func<ulong, double> _progress;
    private double _done;
    private readonly PackedBatch _originals = new();

    /// <summary>An objective.</summary>
    /// <param name="supervised">That of the labelled texts, whose head says the classes.</param>
    /// <param name="unlabelled">Texts without labels, of <see cref="UnlabelledText.Render"/>.</param>
    /// <param name="versions">Versions of each, of <see cref="TextAugmentation.Versions"/>.</param>
    /// <param name="options">The settings.</param>
    /// <param name="progress">The share of the training that is done at a batch with a number, for the annealing; null where there is none.</param>
    /// <exception cref="CoppiceException">An option is out of its range, or there is no unlabelled text (exit code 2).</exception>
    public ConsistencyObjective(
        SequenceClassificationObjective supervised, IReadOnlyList<TaskExample> unlabelled, IReadOnlyList<int[][]> versions, ConsistencyOptions options,
        Func<ulong, double>? progress = null)
    {
        options.Check();
        if (unlabelled.Count == 0) throw CoppiceException.Usage("consistency training needs texts without labels");
        ArgumentOutOfRangeException.ThrowIfNotEqual(versions.Count, unlabelled.Count);
        if (options.Annealing != SignalAnnealing.None) ArgumentNullException.ThrowIfNull(progress);
        (_supervised, _unlabelled, _versions, _options, _progress) = (supervised, unlabelled, versions, options, progress ?? (_ => 1));
    }

    /// <inheritdoc/>
    public bool MeasuresText => false;

    /// <summary>That of the labelled texts alone.</summary>
    public IObjective Validation => _supervised;

    /// <summary>The bound above which a labelled example teaches nothing.</summary>
    /// <param name="annealing">The way.</param>
    /// <param name="progress">The share of the training that is done.</param>
    /// <param name="classes">K, the number of classes.</param>
    /// <returns>From 1 / K, or near it, to 1.</returns>
    public static double Bound(SignalAnnealing annealing, double progress, int classes)
    {
        var share = annealing switch
        {
            SignalAnnealing.None => 1,
            SignalAnnealing.Linear => progress,
            SignalAnnealing.Exponential => Math.Exp(5 * (progress - 1)),
            _ => 1 - Math.Exp(-5 * progress),
        };
        return share * (1 - 1.0 / classes) + 1.0 / classes;
    }

    /// <summary>Appends versions of unlabelled texts. Their source is -1 less the text's number, which tells them from the labelled ones.</summary>
    /// <inheritdoc/>
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        _done = Math.Clamp(_progress(number), 0, 1);
        scratch.CopyFrom(batch);
        var random = new Philox(seed, DrawStream + number);
        for (var i = 0; i < batch.DocumentCount * _options.Ratio; i++)
        {
            var text = random.Integer(2 * (ulong)i, _unlabelled.Count);
            var version = _versions[text][random.Integer(2 * (ulong)i + 1, _versions[text].Length)];
            scratch.Add(version, new int[version.Length], new float[version.Length], -1 - text);
        }

        return scratch;
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var labelled = 0;
        while (labelled < batch.DocumentCount && batch.Sources[batch.CumulativeLengths[labelled]] >= 0) labelled++;
        // Before the pass that is recorded, which has the input to itself.
        var taught = Originals(tape, model, input, batch, labelled);
        var scores = _supervised.Scores(tape, model, input, batch);
        var known = tape.SliceRows(scores, 0, labelled);
        var loss = _supervised.CrossEntropy(tape, known, batch, WeightsOf(known, batch), scale);
        int[] sure = [.. Enumerable.Range(0, taught.Length).Where(i => ClassProbabilities.Softmax(taught[i]).Max() > _options.Threshold)];
        if (sure.Length == 0 || _options.Weight == 0) return loss;
        float[] sharpened = [.. sure.SelectMany(i => taught[i]).Select(logit => (float)(logit / _options.Temperature))];
        var students = tape.Embedding(tape.Integers([.. sure.Select(i => labelled + i)]), scores);
        var share = (float)(_options.Weight * scale / _options.Ratio);
        return tape.Add(loss, tape.KullbackLeibler(students, tape.Constant(students.Shape, sharpened), 1, share));
    }

    /// <summary>The logits of the unlabelled texts as they are [texts][classes], in the order of their versions in the batch. Nothing is recorded.</summary>
    private float[][] Originals(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, int labelled)
    {
        _originals.Clear();
        for (var document = labelled; document < batch.DocumentCount; document++)
        {
            var original = _unlabelled[-1 - batch.Sources[batch.CumulativeLengths[document]]].Documents[0];
            _originals.Add(original.Tokens, original.Targets, original.Weights);
        }

        if (_originals.Count == 0) return [];
        var recording = tape.Recording;
        tape.Recording = false;
        var scores = _supervised.Scores(tape, model, input, _originals);
        tape.Recording = recording;
        return [.. scores.ToArray().Chunk(scores.Columns)];
    }

    /// <summary>What each labelled example counts: 0 for one that is known too well for the time.</summary>
    private float[] WeightsOf(Tensor known, PackedBatch batch)
    {
        var bound = Bound(_options.Annealing, _done, known.Columns);
        var weights = new float[known.Rows];
        float[][] logits = _options.Annealing == SignalAnnealing.None ? [] : [.. known.ToArray().Chunk(known.Columns)];
        for (var document = 0; document < weights.Length; document++)
        {
            var last = batch.CumulativeLengths[document + 1] - 1;
            var isHeldBack = logits.Length > 0 && batch.Weights[last] > 0 && ClassProbabilities.Softmax(logits[document])[batch.Targets[last]] > bound;
            weights[document] = isHeldBack ? 0 : batch.Weights[last];
        }

        return weights;
    }
}
