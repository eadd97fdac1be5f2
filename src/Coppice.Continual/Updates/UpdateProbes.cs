using Coppice.Continual.Recipes;
using Coppice.Continual.Reports;
using Coppice.Evaluation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Training.Reports;

namespace Coppice.Continual.Updates;

/// <summary>What is looked at beside bits per byte, on parent and update alike: minimal pairs, facts, verbatim memory, what both write.</summary>
internal sealed class UpdateProbes(UpdateRecipe recipe, LanguageModel before, Tokenizer beforeTokenizer, LanguageModel after, Tokenizer afterTokenizer)
{
    // Enough documents that an area under the curve is known to a few hundredths.
    private const int MostDocuments = 300;
    private const int MostTokensOfDocument = 256;
    private const int PromptTokens = 32;
    private const int ContinuationTokens = 50;
    private const int RepetitionOrder = 4;

    // The parent stays as it is: it is asked once, however often the update is judged.
    private IReadOnlyList<MinimalPair>? _pairs;
    private IReadOnlyList<bool>? _judgedBefore;
    private IReadOnlyList<ClozeFact>? _facts;
    private FactEvaluation? _knownBefore;

    /// <summary>Reads what the probes need before hours are spent on an update that they could not judge.</summary>
    /// <param name="evaluation">The files.</param>
    /// <exception cref="Foundation.CoppiceException">One is missing or holds something else.</exception>
    public static void RequireReadable(UpdateEvaluationSection evaluation)
    {
        if (evaluation.Pairs.Length > 0) MinimalPair.Read(evaluation.Pairs);
        if (evaluation.Facts.Length > 0) ClozeFact.Read(evaluation.Facts);
    }

    /// <summary>Refuses files for questions that a model can't answer.</summary>
    /// <param name="evaluation">The files.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="Foundation.CoppiceException">The model is an encoder.</exception>
    public static void RequireAnswers(UpdateEvaluationSection evaluation, LanguageModel model)
    {
        if (evaluation.Pairs.Length > 0) model.RequireCausal("be asked minimal pairs: leave out 'evaluation.pairs'");
        if (evaluation.Facts.Length > 0) model.RequireCausal("be asked facts: leave out 'evaluation.facts'");
    }

    /// <summary>What was right and is wrong now; null where no pairs were given.</summary>
    public Flips? CountFlips(CancellationToken cancellation)
    {
        if (recipe.Evaluation.Pairs.Length == 0) return null;
        var pairs = _pairs ??= MinimalPair.Read(recipe.Evaluation.Pairs);
        using var parent = new MinimalPairEvaluator(before, beforeTokenizer);
        using var child = new MinimalPairEvaluator(after, afterTokenizer);
        return Flips.Of(_judgedBefore ??= parent.Judge(pairs, cancellation), child.Judge(pairs, cancellation));
    }

    /// <summary>What became of facts; null where none were given.</summary>
    public FactChanges? CompareFacts(CancellationToken cancellation)
    {
        if (recipe.Evaluation.Facts.Length == 0) return null;
        var facts = _facts ??= ClozeFact.Read(recipe.Evaluation.Facts);
        using var parent = new FactEvaluator(before, beforeTokenizer);
        using var child = new FactEvaluator(after, afterTokenizer);
        return FactComparison.Of(_knownBefore ??= parent.Evaluate(facts, cancellation), child.Evaluate(facts, cancellation)).Total;
    }

    /// <summary>Whether the update can be told to have used a document, and what it continues word for word: documents that were trained on against held-out ones of the same source.</summary>
    public IEnumerable<(string Name, string Value)> Memorisation(UpdateData data, CancellationToken cancellation)
    {
        if (!recipe.Evaluation.Memorisation || !after.Configuration.IsCausal) yield break;
        foreach (var source in data.Added.Sources)
        {
            var members = Shortened(source.Train);
            var others = Shortened(source.Validation!);
            if (members.Count < 2 || others.Count < 2) continue;
            using var parent = new TokenScorer(before);
            using var child = new TokenScorer(after);
            var (parentMembers, parentOthers) = (Recode(members), Recode(others));
            var report = MembershipReport.Of(
                MembershipScore.Of(parent, parentMembers, cancellation), MembershipScore.Of(parent, parentOthers, cancellation),
                MembershipScore.Of(child, members, cancellation), MembershipScore.Of(child, others, cancellation));
            yield return ($"{source.Name}: trained documents told from held-out ones",
                $"area under the curve {NumberText.Short(report.Reference.AreaUnderCurve)} by the loss against the parent's, {NumberText.Short(report.Child.MinKNormalised.AreaUnderCurve)} by Min-K%++ "
                + $"(the parent alone: {NumberText.Short(report.Parent.MinKNormalised.AreaUnderCurve)}; 0.5 is chance, ± {NumberText.Short(report.ErrorAtChance)})");
            if (child.Context < PromptTokens + ContinuationTokens) continue;
            var (trained, heldOut) = (
                ExactContinuation.Measure(child, members, PromptTokens, ContinuationTokens, cancellation), ExactContinuation.Measure(child, others, PromptTokens, ContinuationTokens, cancellation));
            yield return ($"{source.Name}: {ContinuationTokens} tokens continued word for word",
                $"{trained.Exact} of {trained.Documents} trained documents, {heldOut.Exact} of {heldOut.Documents} held-out ones; longest run {trained.LongestRun} against {heldOut.LongestRun} tokens");
        }

        List<TokenSequence> Shortened(Corpus.TokenStore store) =>
            [.. TokenSequences.Of(store, afterTokenizer, (long)MostDocuments * MostTokensOfDocument).Take(MostDocuments).Select(text => Cut(text))];

        TokenSequence Cut(TokenSequence text) => text.Tokens.Length <= MostTokensOfDocument
            ? text
            : text with { Tokens = text.Tokens[..MostTokensOfDocument], Bytes = System.Text.Encoding.UTF8.GetByteCount(afterTokenizer.Decode(text.Tokens[..MostTokensOfDocument].Span)) };

        List<TokenSequence> Recode(List<TokenSequence> texts) => beforeTokenizer.Fingerprint == afterTokenizer.Fingerprint
            ? texts
            : [.. TokenSequences.Of(texts.Select(text => new Corpus.Document(text.Source, afterTokenizer.Decode(text.Tokens.Span), text.Source)), beforeTokenizer)];
    }

    /// <summary>The same prompts continued by parent and update, and how repetitive both are.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="repetition">Receives what was measured of the repetitions.</param>
    /// <param name="cancellation">Ends it between two tokens.</param>
    public IReadOnlyList<SamplePair> Samples(IReadOnlyList<string> prompts, Action<string, string> repetition, CancellationToken cancellation)
    {
        if (prompts.Count == 0 || !after.Configuration.IsCausal) return [];
        var (parent, child) = (Continue(before, beforeTokenizer, prompts, cancellation), Continue(after, afterTokenizer, prompts, cancellation));
        var (old, now) = (Repetition.Measure(parent.Select(text => text.Tokens), RepetitionOrder), Repetition.Measure(child.Select(text => text.Tokens), RepetitionOrder));
        if (old.Repeated is { } was && now.Repeated is { } now4) repetition("repeated 4-grams in samples", $"{NumberText.Short(now4)}; the parent's {NumberText.Short(was)}");
        return [.. prompts.Select((prompt, i) => new SamplePair(prompt, parent[i].Text, child[i].Text))];
    }

    private List<GenerationResult> Continue(LanguageModel model, Tokenizer tokenizer, IReadOnlyList<string> prompts, CancellationToken cancellation)
    {
        using var generator = new TextGenerator(model, tokenizer);
        var options = new GenerationOptions { MaxTokens = recipe.Evaluation.SampleTokens, Temperature = 0.8f, TopK = 50, Seed = (ulong)recipe.Seed };
        return [.. prompts.Select(prompt => generator.Generate(prompt, options, cancellationToken: cancellation))];
    }
}
