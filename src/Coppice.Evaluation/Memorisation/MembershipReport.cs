using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>What a model says about one text, for telling whether it was trained on it.</summary>
/// <param name="Tokens">Number of tokens that were predicted.</param>
/// <param name="Bytes">UTF-8 bytes of the text.</param>
/// <param name="Nats">-log p of all of them together.</param>
/// <param name="MinK">See <see cref="Evaluation.MinK.Score"/>; 0 without a token.</param>
/// <param name="MinKNormalised">See <see cref="Evaluation.MinK.Normalised"/>; 0 without a token.</param>
public sealed record MembershipScore(int Tokens, long Bytes, double Nats, double MinK, double MinKNormalised)
{
    /// <summary>Scores texts.</summary>
    /// <param name="scorer">Scores their tokens.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <returns>A score for each text, in their order.</returns>
    /// <exception cref="CoppiceException">A token is outside the model's vocabulary, or the model's numbers are not finite.</exception>
    public static IReadOnlyList<MembershipScore> Of(TokenScorer scorer, IReadOnlyList<TokenSequence> texts, CancellationToken cancellationToken = default) =>
        [.. scorer.Score(texts, cancellationToken).Select((tokens, i) => tokens.Count == 0
            ? new MembershipScore(0, texts[i].Bytes, 0, 0, 0)
            : new MembershipScore(tokens.Count, texts[i].Bytes, -tokens.Sum(token => token.LogProbability), Evaluation.MinK.Score(tokens), Evaluation.MinK.Normalised(tokens)))];
}

/// <summary>How well the scores of one model tell members from non-members.</summary>
/// <param name="Loss">By the mean log-probability of a token.</param>
/// <param name="MinK">By Min-K%.</param>
/// <param name="MinKNormalised">By Min-K%++.</param>
public sealed record MembershipDetections(Detection Loss, Detection MinK, Detection MinKNormalised);

/// <summary>
/// Whether an update can be seen to have used a text. Members are documents it was trained on, non-members held-out ones of the same source, so
/// that nothing else tells them apart.
/// </summary>
/// <param name="Members">Number of members.</param>
/// <param name="NonMembers">Number of non-members.</param>
/// <param name="Skipped">Texts that were left out, because they hold no token to predict.</param>
/// <param name="Parent">By the parent, which knows neither: values away from 0.5 by more than a few times <see cref="ErrorAtChance"/> mean an unfair split.</param>
/// <param name="Child">By the child.</param>
/// <param name="Reference">By how much better the child predicts a text than the parent, in nats per byte: what whoever has both models can do.</param>
public sealed record MembershipReport(int Members, int NonMembers, int Skipped, MembershipDetections Parent, MembershipDetections Child, Detection Reference)
{
    /// <summary>The standard error of an area under the curve where nothing can be told.</summary>
    public double ErrorAtChance => Detection.ErrorAtChance(Members, NonMembers);

    /// <summary>Reports on the scores of two models, each with its own tokenizer.</summary>
    /// <param name="parentMembers">The parent's scores of the members.</param>
    /// <param name="parentNonMembers">The parent's scores of the non-members.</param>
    /// <param name="childMembers">The child's scores of the same members in the same order.</param>
    /// <param name="childNonMembers">The child's scores of the same non-members in the same order.</param>
    /// <exception cref="CoppiceException">There is no member or no non-member with a token to predict.</exception>
    /// <exception cref="ArgumentException">The lists have different lengths.</exception>
    public static MembershipReport Of(
        IReadOnlyList<MembershipScore> parentMembers, IReadOnlyList<MembershipScore> parentNonMembers,
        IReadOnlyList<MembershipScore> childMembers, IReadOnlyList<MembershipScore> childNonMembers)
    {
        var (members, nonMembers) = (Pair(parentMembers, childMembers), Pair(parentNonMembers, childNonMembers));
        if (members.Count == 0 || nonMembers.Count == 0) throw new CoppiceException("Membership needs trained and held-out documents with text in them.");
        return new MembershipReport(
            members.Count,
            nonMembers.Count,
            parentMembers.Count + parentNonMembers.Count - members.Count - nonMembers.Count,
            Detections(pair => pair.Parent),
            Detections(pair => pair.Child),
            Detect(pair => (pair.Parent.Nats - pair.Child.Nats) / pair.Parent.Bytes));

        MembershipDetections Detections(Func<(MembershipScore Parent, MembershipScore Child), MembershipScore> of) =>
            new(Detect(pair => -of(pair).Nats / of(pair).Tokens), Detect(pair => of(pair).MinK), Detect(pair => of(pair).MinKNormalised));

        Detection Detect(Func<(MembershipScore Parent, MembershipScore Child), double> score) => Detection.Of([.. members.Select(score)], [.. nonMembers.Select(score)]);
    }

    private static List<(MembershipScore Parent, MembershipScore Child)> Pair(IReadOnlyList<MembershipScore> parent, IReadOnlyList<MembershipScore> child)
    {
        if (parent.Count != child.Count) throw new ArgumentException("Both models are scored on the same texts.");
        return [.. parent.Zip(child).Where(pair => pair.First.Tokens > 0 && pair.Second.Tokens > 0 && pair.First.Bytes > 0)];
    }
}
