namespace Coppice.Corpus.Tests.Planted;

/// <summary>Pages that were written for search engines: lists of what people search for, and sentences that say it over and over.</summary>
internal static class KeywordSpam
{
    public const string Kind = "keyword spam";

    private static readonly string[] Things = ["car insurance", "running shoes", "payday loans", "wedding photographer", "used phones", "garden sheds", "flight tickets", "dental implants", "office chairs", "web hosting"];
    private static readonly string[] Praise = ["cheap", "best", "buy", "discount", "online", "top rated", "free delivery", "low price", "near me", "deals", "reviews", "compare"];
    private static readonly string[] Places = ["London", "Chicago", "Leeds", "Boston", "Dallas", "Bristol", "Denver", "Glasgow", "Miami", "Austin", "Cardiff", "Portland"];

    private static readonly string[] Sentences =
    [
        "Looking for {0} in {1}? We have the best {0} in {1} at a low price.",
        "Our {0} is the best {0} that you can buy, and with our {0} deals you save on {0}.",
        "If you want {0} in {1}, then {0} from us is the {0} for you.",
        "Compare {0} in {1} and find the cheap {0} that you need today.",
    ];

    public static IEnumerable<PlantedDocument> Texts(int count, Dice dice) => Enumerable.Range(0, count).Select(i =>
    {
        var thing = dice.One(Things);
        var text = (i % 3) switch
        {
            0 => string.Join(", ", Enumerable.Range(0, 60 + dice.Below(100)).Select(_ => Search(thing, dice))),
            1 => string.Join('\n', Enumerable.Range(0, 40 + dice.Below(60)).Select(_ => $"{dice.One(Praise)} {dice.One(Things)} {dice.One(Places)}")),
            _ => string.Join(' ', Enumerable.Range(0, 12 + dice.Below(20)).Select(_ => string.Format(null, dice.One(Sentences), thing, dice.One(Places)))),
        };
        return new PlantedDocument($"spam/{i}", "junk", Kind, text) { IsJunk = true };
    });

    private static string Search(string thing, Dice dice) => dice.Below(2) == 0 ? $"{dice.One(Praise)} {thing} {dice.One(Places)}" : $"{thing} {dice.One(Praise)}";
}
