namespace Coppice.Corpus.Privacy;

/// <summary>The steps that protect privacy, by name.</summary>
public static class PrivacySteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "pii-mask",
            "masks e-mail and IP addresses, telephone, card and account numbers, secrets",
            "A model recites what it read. Numbers are masked where their checksum holds or their form is beyond doubt, so that order numbers stay; tokens such as <EMAIL> keep the sentence whole.",
            MakePiiMask),
    ];

    private static PiiMask MakePiiMask(StepOptions options)
    {
        var replacement = options.Choice("replacement", PiiReplacement.Tokens);
        (PiiKind Kind, bool IsLookedFor)[] kinds =
        [
            (PiiKind.Email, options.Flag("emails", true)),
            (PiiKind.IpAddress, options.Flag("ip_addresses", true)),
            (PiiKind.Phone, options.Flag("phones", true)),
            (PiiKind.Iban, options.Flag("ibans", true)),
            (PiiKind.Card, options.Flag("cards", true)),
            (PiiKind.Secret, options.Flag("secrets", true)),
        ];
        var most = options.NumberOrOff("max_findings", null, 0, int.MaxValue);
        return new PiiMask(new PiiMaskOptions
        {
            Replacement = replacement,
            Kinds = kinds.Where(kind => kind.IsLookedFor).Select(kind => kind.Kind).ToHashSet(),
            MaxFindings = (int?)most,
        });
    }
}
