using System.Collections.Frozen;

namespace Coppice.Corpus.Extraction;

/// <summary>
/// What names of elements say against them. The words are those that content systems, themes and advertisers use in class names and ids, in the languages that name
/// them in their own words; whole words count, not parts of words, so that <c>shadow</c> is no <c>ad</c>.
/// </summary>
internal static class BoilerplateWords
{
    private static readonly FrozenSet<string> Comments = Set(
        "comment comments commentlist commentform commentary kommentar kommentare leserkommentare commentaire commentaires comentario comentarios commenti reacties komentarze "
        + "disqus respond replies trackback trackbacks pingback pingbacks fbcomments livefyre commentsection commentsarea");

    private static readonly FrozenSet<string> Notices = Set("cookie cookies cookiebar cookiebanner cookienotice cookieconsent consent gdpr dsgvo cmp onetrust optanon usercentrics borlabs cookiebot didomi");

    private static readonly FrozenSet<string> Strong = Set(
        "nav navi navbar navigation subnav topnav mainnav menu menus submenu menue navmenu breadcrumb breadcrumbs brotkrumen pagination pager paginator sitemap skiplink skiplinks "
        + "footer pagefooter sitefooter fusszeile colophon "
        + "sidebar sidebars seitenleiste marginalspalte rightcolumn rightcol rightrail "
        + "share sharing shares sharebar sharebuttons sharedaddy sharelinks social socials socialmedia sociallinks sharethis addthis addtoany shariff shareaholic jetpack likebox likeus followus "
        + "related relatedposts relatedarticles relatedcontent yarpp similar siehe outbrain taboola plista ligatus "
        + "newsletter newsletters subscribe subscription signup optin mailchimp "
        + "ad ads adv advert adverts advertisement advertisements advertising adsense adsbygoogle adslot adbox adwrapper adcontainer anzeige anzeigen werbung reklama publicidad "
        + "publicite pubblicita sponsored sponsor sponsors dfp gpt "
        + "login signin register registration modal popup overlay lightbox tagcloud taglist tags posttags entrytags tagslinks catlinks catslinks schlagworte "
        + "editsection navbox mwjump noprint printonly sronly visuallyhidden screenreadertext screenreader elementinvisible paywall printfooter "
        + "recommendations recommended morestories morenews mostread mostpopular readmore readalso");

    private static readonly FrozenSet<string> Weak = Set(
        "widgetarea widgettitle sidebarwidget teaser teasers promo promos promotion promotions banner banners masthead topbar toolbar siteheader "
        + "meta metadata postmeta entrymeta articlemeta postinfo entryinfo articleinfo byline bylines author authors authorbox authorinfo authorbio autor autoren autorenbox auteur bio "
        + "biography vcard postedon postdate entrydate timestamp dateline rating ratings vote votes voting poll polls survey quiz recommend recommendation popular trending latest "
        + "prev previous next neighbours credit credits caption captions wpcaption figcaption copyright gallery slider slideshow carousel swiper player toc inhaltsverzeichnis tooltip "
        + "attachments linklist searchform search suche legal disclaimer imprint impressum alert crosslinks linkbox feedback counter signature postprofile actionbar "
        + "skip jump toplink backtotop notification cta");

    private static readonly FrozenSet<string> Modifiers = Set("category tag has no with without not layout columns template type format status");

    // comments-open and the like are said of whole pages.
    private static readonly FrozenSet<string> States = Set("open closed enabled disabled on off allowed active has no with without count");

    private static readonly FrozenSet<string> Wide = Set("html body main article");

    /// <summary>What an element's names say against it.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="names">Its classes and id.</param>
    /// <param name="parent">The node around it, or null where that does not matter.</param>
    public static Boilerplate Judge(string tag, in ElementNames names, PageNode? parent)
    {
        var byTag = ByTag(tag, parent);
        if (byTag is Boilerplate.Strong || names.Tokens is null) return byTag;
        var worst = byTag;
        if (names.Role is "navigation" or "contentinfo" or "search" or "dialog" or "alertdialog" or "menu" or "menubar" or "toolbar") worst = Boilerplate.Strong;
        else if (names.Role is "banner" or "complementary") worst = Boilerplate.Weak;
        if (names.ItemProperty is "comment") return Boilerplate.Comments;
        if (names.ItemProperty is "author" or "publisher") worst = Boilerplate.Weak;
        foreach (var token in names.Tokens)
        {
            var judged = Judge(token);
            if (judged > worst) worst = judged;
        }

        // The page's own frame carries words of everything that is in it; only a single comment may be an article by its tag.
        return Wide.Contains(tag) && worst != Boilerplate.Comments ? Boilerplate.None : worst;
    }

    private static Boilerplate Judge(NameToken token)
    {
        if (Notices.Contains(token.Together) || (token.Words.Any(Notices.Contains) && !Modifiers.Contains(token.Words[0]))) return Boilerplate.Notice;
        if (token.IsSlug) return Boilerplate.None;
        if (Comments.Contains(token.Together)) return Boilerplate.Comments;
        if (Strong.Contains(token.Together)) return Boilerplate.Strong;
        if (Weak.Contains(token.Together)) return Boilerplate.Weak;
        if (token.Words.Count == 0 || Modifiers.Contains(token.Words[0])) return Boilerplate.None;
        var isState = token.Words.Any(States.Contains);
        var worst = Boilerplate.None;
        for (var index = 0; index < token.Words.Count; index++)
        {
            var word = token.Words[index];
            if (word.Length < 2) continue;
            var judged = Comments.Contains(word) ? (isState ? Boilerplate.None : Boilerplate.Comments)
                : Strong.Contains(word) ? Boilerplate.Strong
                : Weak.Contains(word) ? Boilerplate.Weak
                : index > 0 && Strong.Contains(token.Words[index - 1] + word) ? Boilerplate.Strong
                : index > 0 && Weak.Contains(token.Words[index - 1] + word) ? Boilerplate.Weak
                : Boilerplate.None;
            if (judged > worst) worst = judged;
        }

        return worst;
    }

    private static Boilerplate ByTag(string tag, PageNode? parent)
    {
        switch (tag)
        {
            case "nav" or "menu":
                return Boilerplate.Strong;
            case "footer":
                // The source of a quotation stands in a footer too.
                return parent?.Nearest("blockquote") is null ? Boilerplate.Strong : Boilerplate.None;
            case "aside" or "form" or "figure" or "figcaption":
                return Boilerplate.Weak;
            case "header":
                return parent is null || (parent.Nearest("article") is null && parent.Nearest("main") is null) ? Boilerplate.Weak : Boilerplate.None;
            default:
                return Boilerplate.None;
        }
    }

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
