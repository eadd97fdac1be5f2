namespace Coppice.Corpus.Tests.Planted;

/// <summary>What pages carry around their text: menus, notices, counters, links. As pages of nothing else, and as lines before and behind a text.</summary>
internal static class Boilerplate
{
    public const string Pages = "boilerplate page", Lines = "boilerplate lines";

    private static readonly string[] Menu =
    [
        "Home", "About us", "Products", "Services", "Our team", "Careers", "News", "Contact", "Log in", "Register", "My account", "Basket (0)", "Help", "FAQ", "Site map", "Blog",
        "Press", "Partners", "Downloads", "Support", "Search", "English", "Archive", "Events", "Shop",
    ];

    private static readonly string[] Notices =
    [
        "We use cookies to improve your experience. By continuing you accept cookies.", "This site uses cookies.", "© 2021 Northfield Media Ltd. All rights reserved.",
        "Copyright © 2019 Harbour Press. All rights reserved.", "Privacy policy", "Terms and conditions apply.", "Please enable JavaScript to view this page.",
        "Subscribe to our newsletter", "Sign up for our newsletter and never miss a story.", "Powered by WordPress", "You must be logged in to post a comment.", "Leave a reply",
        "Back to top", "Skip to main content", "Follow us on Facebook", "Share this", "Manage preferences", "Accept all", "Reject all",
    ];

    private static readonly string[] Links = ["Read more", "Continue reading", "Show more", "Click here", "Learn more", "Home | News | Sport | Weather | Travel", "Facebook · Twitter · YouTube · RSS"];

    private static readonly string[] Counted = ["likes", "shares", "comments", "views", "followers"];

    public static IEnumerable<PlantedDocument> PagesOf(int count, Dice dice) => Enumerable.Range(0, count).Select(i =>
    {
        var lines = dice.Shuffled(Menu)[..(8 + dice.Below(12))].Concat(Enumerable.Range(0, 4 + dice.Below(10)).Select(_ => Line(dice))).Concat(dice.Shuffled(Notices)[..(4 + dice.Below(6))]);
        return new PlantedDocument($"boilerplate/{i}", "junk", Pages, string.Join('\n', lines)) { IsJunk = true };
    });

    public static IEnumerable<PlantedDocument> LinesAround(List<PlantedDocument> texts, Dice dice) => texts.Select(text =>
    {
        var before = dice.Shuffled(Menu)[..(6 + dice.Below(8))];
        string[] behind = [.. Enumerable.Range(0, 2 + dice.Below(3)).Select(_ => Line(dice)), .. dice.Shuffled(Notices)[..(2 + dice.Below(4))]];
        return text with
        {
            Kind = Lines,
            Text = string.Join('\n', before) + "\n\n" + text.Text + "\n\n" + string.Join('\n', behind),
            Expected = text.Text,
            Things = [.. before.Concat(behind).Select(line => new PlantedThing("line", line, ""))],
        };
    });

    private static string Line(Dice dice) => dice.Below(3) switch
    {
        0 => $"{1 + dice.Below(900)} {dice.One(Counted)}",
        1 => dice.One(Links),
        _ => dice.One(Notices),
    };
}
