//! `devrun export`: the URLs of other apps, which are exported by themselves.

use serde_json::Value;

use crate::export::Objects;
use crate::support::Project;

/// With an app beside it that has ports and names of its own.
fn shop() -> Project {
    let project = Project::called("shop");
    let mail = project.sibling("Mail_App");
    mail.write("Procfile", "web: a\nadmin_ui: b\nquiet: c\n");
    mail.write(
        "devrun.yaml",
        "port: 7000\nformation: all=1,web=2\nprocesses: { quiet: { port: false } }\n",
    );
    project.file("Procfile", "web: a\n").file(
        "devrun.yaml",
        "uses:\n\
         \x20 MAIL_URL: ../Mail_App\n\
         \x20 ADMIN: { app: '../Mail_App#admin_ui', value: '{host}:{port}', start: never }\n",
    )
}

/// Where its own export puts each port.
fn addresses(project: &Project) -> Vec<String> {
    let objects = Objects::read(&project.run(&["export", "kubernetes"]).stdout);
    let address = |service: &Value| {
        let metadata = &service["metadata"];
        let part = |name: &str| metadata[name].as_str().unwrap().to_string();
        let port = &service["spec"]["ports"][0]["port"];
        format!("{}.{}:{port}", part("name"), part("namespace"))
    };
    objects.all("Service").map(address).collect()
}

#[test]
fn kubernetes_finds_another_app_where_its_own_export_puts_it() {
    let shop = shop();
    let finished = shop.run(&["export", "kubernetes", "-p", "9000"]);
    let objects = Objects::read(&finished.stdout);
    let data = &objects.all("ConfigMap").next().unwrap()["data"];
    let there = addresses(&shop.sibling("Mail_App"));
    assert_eq!(there, ["web.mail-app:7000", "admin-ui.mail-app:7100"]);
    assert_eq!(data["MAIL_URL"], format!("http://{}", there[0]));
    assert_eq!(data["ADMIN"], there[1]);
    let deployments = objects.all("Deployment").count();
    assert_eq!(deployments, 1, "it does not go along");
    let said = "does not go along, and is web.mail-app there";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
}

#[test]
fn elsewhere_nobody_knows_where_another_app_is() {
    for format in ["systemd", "compose"] {
        let shop = shop();
        let finished = shop.run(&["export", format]);
        assert!(!finished.stdout.contains("MAIL_URL"), "{}", finished.stdout);
        let said = "does not go along, and is left out";
        assert!(finished.stderr.contains(said), "{}", finished.stderr);
        let url = [
            "export",
            format,
            "--use",
            "MAIL_URL=https://mail.example.com",
        ];
        let finished = shop.run(&url);
        let said = "https://mail.example.com";
        assert!(finished.stdout.contains(said), "{}", finished.stdout);
    }
}
