using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>
/// Random token substitution: some tokens are replaced by others at random, and the model has to tell of every token whether it was. No generator and no
/// head over the vocabulary: the cheapest objective of an encoder.
/// </summary>
[Technique("rts", Title = "Structural Self-Supervised Objectives for Transformers", Paper = "arXiv:2309.08272")]
public sealed class RandomSubstitutionObjective : IObjective
{
    private readonly MaskVocabulary _vocabulary;
    private readonly TokenMasking _substitution;
    private readonly BinaryCrossEntropy _crossEntropy = new();

    /// <summary>An objective.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="rate">The share of the tokens that are replaced.</param>
    public RandomSubstitutionObjective(MaskVocabulary vocabulary, double rate)
    {
        _vocabulary = vocabulary;
        _substitution = new TokenMasking(vocabulary, new MaskingOptions { Rate = rate, MaskShare = 0, RandomShare = 1 });
    }

    /// <inheritdoc/>
    public bool MeasuresText => false;

    /// <summary>Replaces tokens. Targets become 1 where one was replaced and 0 elsewhere, and every token of the text counts.</summary>
    /// <inheritdoc/>
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        scratch.CopyFrom(batch);
        _substitution.Apply(scratch, seed, number);
        for (var i = 0; i < scratch.Count; i++)
        {
            var special = _vocabulary.IsSpecial(batch.Tokens[i]);
            (scratch.Targets[i], scratch.Weights[i]) = (scratch.Tokens[i] == batch.Tokens[i] ? 0 : 1, special ? 0 : 1);
        }

        scratch.Recount(scratch.CandidateTokens);
        return scratch;
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var electra = (ElectraModel)model;
        input.Set(tape, batch);
        var detected = electra.Detect(tape, electra.Hidden(tape, input));
        return _crossEntropy.Of(tape, detected, batch.Targets.AsSpan(0, batch.Count), batch.Weights.AsSpan(0, batch.Count), scale);
    }
}
