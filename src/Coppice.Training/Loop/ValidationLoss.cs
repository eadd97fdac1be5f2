using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Training.Loop;

/// <summary>A loss on text that was kept apart.</summary>
/// <param name="Loss">Mean nats of a counted token.</param>
/// <param name="BitsPerByte">Bits of a byte of the text, where a sample of the tokens was counted as if all were; null where only a part of the text was read, or the loss is none of text.</param>
/// <param name="Tokens">Tokens counted.</param>
/// <param name="Whole">Whether all of the text was read.</param>
/// <param name="Stores">Bits of a byte of each store, where all of it was read.</param>
public sealed record ValidationResult(double Loss, double? BitsPerByte, long Tokens, bool Whole, IReadOnlyDictionary<TokenStore, double> Stores);

/// <summary>
/// Measures the loss on token stores: windows side by side, every target once. What an objective hides is the same every time, so that measurements can be
/// compared.
/// </summary>
public sealed class ValidationLoss
{
    // Of what is hidden: the same in every run, so that runs with different seeds can be compared.
    private const ulong Seed = 0;

    private readonly LanguageModel _model;
    private readonly IReadOnlyList<TokenStore> _stores;
    private readonly int _sequences;
    private readonly int _sequenceLength;
    private readonly IObjective _objective;
    private readonly PackedBatch _batch = new();
    private readonly PackedBatch _scratch = new();
    private readonly ModelInput _input;
    private readonly Tape _tape;

    /// <summary>Prepares measurements.</summary>
    /// <param name="model">The model.</param>
    /// <param name="stores">The texts.</param>
    /// <param name="sequences">Sequences of a batch: with no more than a micro-batch has, measuring fits into the memory of a step.</param>
    /// <param name="sequenceLength">The most context that a target has.</param>
    /// <param name="tape">An empty tape, whose memory is used; empty again after each measurement.</param>
    /// <param name="objective">What the model is trained for, whose validation is measured; null for the next token.</param>
    public ValidationLoss(LanguageModel model, IReadOnlyList<TokenStore> stores, int sequences, int sequenceLength, Tape tape, IObjective? objective = null)
    {
        _objective = (objective ?? new CausalObjective()).Validation;
        (_model, _stores, _sequences, _sequenceLength, _tape) = (model, stores, sequences, sequenceLength, tape);
        _input = new ModelInput(model);
    }

    /// <summary>Measures.</summary>
    /// <param name="maxTokens">The most tokens of all stores together, shared out by their sizes; 0 for all.</param>
    public ValidationResult Measure(long maxTokens = 0)
    {
        var total = _stores.Sum(store => store.TokenCount);
        var whole = maxTokens == 0 || maxTokens >= total;
        var (nats, wholeNats, tokens) = (0.0, 0.0, 0L);
        var stores = new Dictionary<TokenStore, double>();
        foreach (var store in _stores)
        {
            var limit = whole ? long.MaxValue : Math.Max(1, (long)((double)maxTokens * store.TokenCount / total));
            var (storeNats, storeTokens, candidates) = Measure(store, limit);
            nats += storeNats;
            tokens += storeTokens;
            // Of a sample of the tokens, each stands for several.
            var storeWhole = storeNats * ((double)candidates / Math.Max(1, storeTokens));
            wholeNats += storeWhole;
            if (whole && _objective.MeasuresText && store.ByteCount > 0) stores[store] = storeWhole / (store.ByteCount * Math.Log(2));
        }

        var bytes = _stores.Sum(store => store.ByteCount);
        return new ValidationResult(
            nats / Math.Max(1, tokens), whole && _objective.MeasuresText && bytes > 0 ? wholeNats / (bytes * Math.Log(2)) : null, tokens, whole, stores);
    }

    private (double Nats, long Tokens, long Candidates) Measure(TokenStore store, long limit)
    {
        var reader = new SequentialReader(store, _sequenceLength);
        var (nats, tokens, candidates) = (0.0, 0L, 0L);
        var recording = _tape.Recording;
        _tape.Recording = false;
        for (var number = 0UL; candidates < limit && reader.Next(_batch, _sequences); number++)
        {
            var batch = _objective.Prepare(_batch, _scratch, Seed, number);
            _tape.SeedRandom(Seed, number);
            // The mean of a batch in float32, weighed in double: a sum of thousands of nats would lose digits.
            var counted = batch.CountedTokens;
            if (counted > 0) nats += (double)_objective.Loss(_tape, _model, _input, batch, 1f / counted).Item * counted;
            tokens += counted;
            candidates += batch.CandidateTokens;
            _tape.Reset();
        }

        _tape.Recording = recording;
        return (nats, tokens, candidates);
    }
}
