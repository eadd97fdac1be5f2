namespace Coppice.Corpus.Tests.Planted;

/// <summary>E-mail and IP addresses, telephone, account and card numbers and secrets, each with the check digits that it must have, in sentences of a text.</summary>
internal static class PersonalThings
{
    public const string Kind = "personal things";

    private const int ThingsOfAText = 4, Context = 12;

    private static readonly (string What, string Token, string[] Sentences, Func<Dice, string> Make)[] Kinds =
    [
        ("e-mail address", "|||EMAIL_ADDRESS|||", ["Write to {0} for a copy of the minutes.", "Questions about it go to {0}, and to nobody else.", "He signed as usual ({0}) and left.", "From: {0}; the office is closed."], Email),
        ("IP address", "|||IP_ADDRESS|||", ["The request came from {0} shortly after midnight.", "The server at {0} did not answer.", "Two packets from {0}, then nothing.", "They blocked {0} for a week."], IpAddress),
        ("telephone number", "|||PHONE_NUMBER|||", ["Call {0} before noon.", "Telephone {0}; ask for the clerk.", "His number, {0}, is in the book.", "You can reach the office at {0} or in person."], Phone),
        ("account number", "|||IBAN|||", ["Pay it into {0} by Friday.", "The account {0} was closed.", "IBAN: {0}, in the name of the estate."], Iban),
        ("card number", "|||CARD_NUMBER|||", ["Charge it to {0} as before.", "The card {0} expires in May.", "Paid with {0}, thank you."], Card),
        ("secret", "|||SECRET|||", ["The file said api_key = \"{0}\" and nothing more.", "It was started with password='{0}' by mistake.", "The log shows the token: {0} in clear."], Secret),
    ];

    private static readonly string[] FirstNames = ["anna", "ben", "carla", "dmitri", "elena", "farid", "grace", "hugo", "ines", "jonas", "keiko", "liam", "mira", "noor", "oscar", "petra"];
    private static readonly string[] LastNames = ["albers", "brook", "castell", "dunn", "eriksen", "foley", "grant", "haas", "ito", "jensen", "kowal", "lopez", "meyer", "novak", "okafor", "price"];
    private static readonly string[] Hosts = ["northfield.org", "mail.harbourlight.co.uk", "weststadt.de", "post.cz", "quillpress.com", "lists.fernhill.net", "city.gov", "atelier-blanc.fr"];
    private const string Capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Base62 = Capitals + "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>What the kinds are called.</summary>
    public static IEnumerable<string> Names => Kinds.Select(kind => kind.What);

    public static IEnumerable<PlantedDocument> In(List<PlantedDocument> texts, Dice dice) => texts.Select(text =>
    {
        var (planted, things) = (text.Text, new List<PlantedThing>());
        foreach (var (what, token, sentences, make) in dice.Shuffled(Kinds)[..ThingsOfAText])
        {
            var (sentence, value) = (dice.One(sentences), make(dice));
            var place = sentence.IndexOf("{0}", StringComparison.Ordinal);
            var behind = sentence[(place + 3)..];
            planted = Insertion.AfterALine(planted, sentence.Replace("{0}", value, StringComparison.Ordinal), dice);
            things.Add(new PlantedThing(what, value, sentence[Math.Max(0, place - Context)..place] + token + behind[..Math.Min(Context, behind.Length)]));
        }

        var expected = planted;
        foreach (var thing in things) expected = expected.Replace(thing.Value, Kinds.First(kind => kind.What == thing.What).Token, StringComparison.Ordinal);
        return text with { Text = planted, Expected = expected, Things = things };
    });

    private static string Email(Dice dice) => dice.Below(5) switch
    {
        0 => $"{dice.One(FirstNames)}@{dice.One(Hosts)}",
        1 => $"{dice.One(FirstNames)[0]}.{dice.One(LastNames)}@{dice.One(Hosts)}",
        2 => $"{dice.One(FirstNames)}_{dice.One(LastNames)}{dice.Digits(2)}@{dice.One(Hosts)}",
        3 => $"{dice.One(LastNames)}+list@{dice.One(Hosts)}",
        _ => $"{dice.One(FirstNames)}.{dice.One(LastNames)}@{dice.One(Hosts)}",
    };

    private static string IpAddress(Dice dice)
    {
        if (dice.Below(4) == 0) return $"2a0{dice.Below(10)}:{dice.Signs("123456789abcdef", 3)}:{dice.Signs("123456789abcdef", 4)}:{dice.Signs("123456789abcdef", 2)}::{dice.Signs("123456789abcdef", 3)}";
        int[] first = [23, 45, 62, 81, 93, 104, 151, 185, 193, 212, 217];
        return $"{dice.One(first)}.{20 + dice.Below(80)}.{dice.Below(256)}.{1 + dice.Below(254)}";
    }

    private static string Phone(Dice dice)
    {
        var area = $"{2 + dice.Below(8)}{dice.Digits(2)}";
        return dice.Below(10) switch
        {
            0 => $"+49 30 {1 + dice.Below(9)}{dice.Digits(6)}",
            1 => $"+49 (0)89 {1 + dice.Below(9)}{dice.Digits(6)}",
            2 => $"+1 ({area}) 555-{dice.Digits(4)}",
            3 => $"({area}) 555-{dice.Digits(4)}",
            4 => $"{area}-555-{dice.Digits(4)}",
            5 => $"+44 20 7{dice.Digits(3)} {dice.Digits(4)}",
            6 => $"+33 1 {dice.Digits(2)} {dice.Digits(2)} {dice.Digits(2)} {dice.Digits(2)}",
            7 => $"030 {1 + dice.Below(9)}{dice.Digits(7)}",
            8 => $"1-800-555-{dice.Digits(4)}",
            _ => $"+4670{dice.Digits(7)}",
        };
    }

    private static string Iban(Dice dice)
    {
        var (country, account) = dice.Below(6) switch
        {
            0 => ("DE", dice.Digits(18)),
            1 => ("GB", dice.Signs(Capitals, 4) + dice.Digits(14)),
            2 => ("FR", dice.Digits(23)),
            3 => ("NL", dice.Signs(Capitals, 4) + dice.Digits(10)),
            4 => ("ES", dice.Digits(20)),
            _ => ("CH", dice.Digits(17)),
        };
        var iban = country + CheckDigits.OfIban(country, account) + account;
        return dice.Below(2) == 0 ? iban : string.Join(' ', iban.Chunk(4).Select(group => new string(group)));
    }

    private static string Card(Dice dice)
    {
        var (beginning, length, groups) = dice.Below(4) switch
        {
            0 => ("4", 16, new[] { 4, 4, 4, 4 }),
            1 => ($"5{1 + dice.Below(5)}", 16, [4, 4, 4, 4]),
            2 => ("37", 15, [4, 6, 5]),
            _ => ("6011", 16, [4, 4, 4, 4]),
        };
        var number = CheckDigits.WithLuhn(beginning + dice.Digits(length - beginning.Length - 1));
        var separator = dice.One(["", " ", "-"]);
        return string.Join(separator, groups.Select((group, i) => number.Substring(groups[..i].Sum(), group)));
    }

    private static string Secret(Dice dice) => dice.Below(6) switch
    {
        0 => "AKIA" + dice.Signs(Capitals + "234567", 16),
        1 => "ghp_" + dice.Signs(Base62, 35) + dice.Digits(1),
        2 => "sk_live_" + dice.Signs(Base62, 22) + dice.Digits(2),
        3 => dice.Signs("0123456789abcdef", 32),
        4 => $"eyJhbGciOiJIUzI1NiJ9.eyJ{dice.Signs(Base62, 24)}.{dice.Signs(Base62 + "-_", 42)}a",
        _ => $"{dice.Signs(Base62, 12)}{dice.Digits(2)}{dice.Signs("!#&*", 1)}{dice.Signs(Base62, 8)}",
    };
}
